// Connection: one conversation with the server, kept up for as long as the person is signed in.
// It asks and is answered, hands on events and signals in order, and comes back by itself after a loss.

import type { Answer, Commands, Frame, Limits, Person, RoomEvent, Signal, SignalData } from "../protocol"
import { Asking } from "./asking"
import { Heartbeat } from "./heartbeat"
import { Intake, type NextFrame } from "./intake"
import { course, reason, skipped, wait } from "./reconnect"
import { openSocket, type OpenSocket, type Socket } from "./socket"

/** `at` is called with the answer before any later frame is looked at; a promise settles only afterwards. */
export type Ask = <C extends keyof Commands>(
  command: C,
  given: Commands[C]["with"],
  at?: (ok: Commands[C]["ok"]) => void,
) => Promise<Commands[C]["ok"]>

export type Link =
  | { is: "idle" }
  | { is: "connecting" }
  | { is: "online" }
  /** Until the next try, in milliseconds of this computer's clock. */
  | { is: "waiting"; until: number }
  | { is: "signed_out" }
  | { is: "stopped"; code: number; reason: string }

export interface Listener {
  welcomed?(welcome: SignalData["connection.welcoming"]): void
  lost?(): void
  event?(event: RoomEvent): void
  signal?(signal: Signal): void
}

export interface Surroundings {
  open?: OpenSocket
  next?: NextFrame
  random?: () => number
  /** Ask over HTTP who one is: after a failed upgrade, whose status a browser does not tell. */
  whoAmI: () => Promise<"signed_in" | "signed_out" | "unknown">
  /** Whether this is who the page is for: another tab may have signed somebody else in. */
  recognises?: (person: Person) => boolean
}

const WELCOME = 10_000 // milliseconds to be welcomed in; then the try has failed (guessed: twice a slow handshake by mobile)
const STEADY = 10_000 // milliseconds after which a connection counts as a good one

export class Connection {
  link = $state.raw<Link>({ is: "idle" })
  /** What the server takes; not known before its first welcome. */
  limits = $state.raw<Limits | null>(null)

  #socket: Socket | null = null
  #attempt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #steady: ReturnType<typeof setTimeout> | undefined
  readonly #listeners: Listener[] = []
  readonly #asking = new Asking((frame) => this.#socket?.send(frame))
  readonly #heartbeat: Heartbeat
  readonly #intake: Intake
  readonly #open: OpenSocket
  readonly #random: () => number

  constructor(private readonly around: Surroundings) {
    this.#open = around.open ?? openSocket
    this.#random = around.random ?? Math.random
    this.#intake = new Intake((frame) => this.#handle(frame), around.next)
    this.#heartbeat = new Heartbeat(() => this.ask("connection.ping", {}), () => this.#closed(1006), this.#random)
  }

  /** Characters that a message may have: as many as the server last said. */
  get textLimit(): number {
    return this.limits?.text ?? Infinity
  }

  get online(): boolean {
    return this.link.is === "online"
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** Ask for something. Throws Refused: the server's, `offline` where there is no connection, `unanswered` after 20 s. */
  readonly ask: Ask = (command, given, at) => this.#asking.ask(command, given, this.online, at)

  /** Connect, unless that is so or under way. */
  start(): void {
    if (this.link.is === "connecting" || this.link.is === "online") return
    this.#connect()
  }

  /** Try at once instead of waiting on. */
  tryNow(): void {
    if (this.link.is === "waiting" || this.link.is === "stopped") this.#connect()
  }

  /** The computer woke up, the tab was shown, the network changed: find out whether the connection lives. */
  wake(): void {
    if (this.link.is === "waiting") this.#connect()
    else if (this.online) this.#heartbeat.probe()
  }

  /** End the connection and make no other. */
  stop(link: Link = { is: "idle" }): void {
    this.#drop()
    this.link = link
  }

  #connect(): void {
    this.#drop()
    this.link = { is: "connecting" }
    this.#timer = setTimeout(() => this.#closed(1006), WELCOME)
    this.#socket = this.#open({
      received: (frame) => {
        this.#heartbeat.heard()
        this.#intake.take(frame)
      },
      closed: (code) => this.#closed(code),
    })
  }

  /** Forget the socket and all that hung on it. */
  #drop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#steady)
    this.#heartbeat.stop()
    this.#intake.clear()
    const socket = this.#socket
    this.#socket = null
    socket?.close()
    const wasOnline = this.online
    if (wasOnline) this.link = { is: "connecting" }
    this.#asking.lose()
    if (wasOnline) for (const listener of this.#listeners) listener.lost?.()
  }

  #closed(code: number): void {
    const welcomed = this.online
    this.#drop()
    switch (course(code)) {
      case "signed_out":
        this.link = { is: "signed_out" }
        break
      case "stop":
        this.link = { is: "stopped", code, reason: reason(code) }
        break
      case "sign_in":
        void this.#identify()
        break
      case "resume":
        this.#wait(0)
        break
      case "back_off":
        if (welcomed) this.#wait(skipped(code))
        else void this.#identify()
    }
  }

  /** Whether to go on at all: without a session every try would fail. */
  async #identify(): Promise<void> {
    this.#wait(0)
    const waiting = this.link
    const who = await this.around.whoAmI()
    if (this.link === waiting && who === "signed_out") this.stop({ is: "signed_out" })
  }

  #wait(skip: number): void {
    this.#attempt = Math.max(this.#attempt, skip)
    const milliseconds = wait(this.#attempt, this.#random()) * 1000
    this.#attempt += 1
    this.link = { is: "waiting", until: Date.now() + milliseconds }
    this.#timer = setTimeout(() => this.#connect(), milliseconds)
  }

  #handle(frame: Frame): void {
    if ("re" in frame) this.#asking.answered(frame as Answer)
    else if ("event" in frame) for (const listener of this.#listeners) listener.event?.(frame)
    else if (frame.signal === "connection.welcoming") this.#welcomed(frame.data as SignalData["connection.welcoming"])
    else if (frame.signal === "connection.closing") this.#move((frame.data as SignalData["connection.closing"]).after)
    else for (const listener of this.#listeners) listener.signal?.(frame)
  }

  #welcomed(welcome: SignalData["connection.welcoming"]): void {
    // Before anything is sent: one person's queue must never go out as another's.
    if (this.around.recognises?.(welcome.person) === false) return this.stop()
    clearTimeout(this.#timer)
    this.limits = welcome.server.limits
    this.link = { is: "online" }
    this.#heartbeat.start(welcome.ping_every)
    this.#steady = setTimeout(() => (this.#attempt = 0), STEADY)
    for (const listener of this.#listeners) listener.welcomed?.(welcome)
  }

  /** The server drains: leave at our own slot, and let the balancer find another. */
  #move(after: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#connect(), after * 1000)
  }
}
