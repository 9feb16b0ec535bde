// Outbox: posts from writing to their event. Each keeps its cid through every retry, reload and second tab,
// so that whatever dies in between, the room gets exactly one copy; one room's posts go one by one, in order.

import { SvelteMap } from "svelte/reactivity"
import type { Clock } from "../clock.svelte"
import type { Connection } from "../connection/connection.svelte"
import { Refused, refusedBy } from "../connection/refused"
import type { Commands, RoomEvent } from "../protocol"
import { newCid } from "./cids"
import type { Keeping } from "./keeping"
import { keptOf, sendOf, type Send, type SendExtra } from "./sends"

const SLOW = 800 // milliseconds until "Sending…" is worth saying; below a second nobody asks
const AGAIN = 2 // seconds before what was neither stored nor refused is tried again
const NOTHING: readonly Send[] = []

export class Outbox {
  readonly #rooms = new SvelteMap<string, readonly Send[]>()
  readonly #busy = new Set<string>()
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(
    private readonly connection: Connection,
    private readonly keeping: Keeping,
    private readonly clock: Pick<Clock, "now">,
    private readonly me: () => string,
    /** The number up to which a room's events are applied. */
    private readonly position: (room: string) => number = () => 0,
    private readonly sent: () => void = () => {},
  ) {
    connection.listen({
      welcomed: () => this.#flushAll(),
      event: (event) => this.#event(event),
    })
  }

  /** A room's posts on their way, in order. */
  of(room: string): readonly Send[] {
    return this.#rooms.get(room) ?? NOTHING
  }

  /** How many wait to be sent. */
  get count(): number {
    return [...this.#rooms.values()].flat().filter(isOpen).length
  }

  /** Whether a post is to be sent right now. */
  get isSending(): boolean {
    return [...this.#rooms.values()].flat().some(({ state }) => state === "queued" || state === "sending")
  }

  /** Post; shown at once, sent when possible. Returns its cid. */
  post(room: string, text: string, extra: SendExtra = {}): string {
    const last = this.of(room).at(-1)?.made ?? 0
    // Two posts of one millisecond keep their order through a reload.
    const made = Math.max(this.clock.now(), last + 0.001)
    const send = sendOf({ cid: newCid(), room, text, extra, made }, this.me())
    this.keeping.keep(this.me(), keptOf(send))
    this.#rooms.set(room, [...this.of(room), send])
    void this.#flush(room)
    return send.cid
  }

  /** Send again what was refused. */
  again(cid: string): void {
    const send = this.#find(cid)
    if (!send) return
    const queued = this.#set(send, { state: "queued", refusal: null, until: null })
    this.keeping.keep(this.me(), keptOf(queued))
    void this.#flush(send.room)
  }

  /** Give up a post that was not stored. */
  discard(cid: string): void {
    const send = this.#find(cid)
    if (send) this.#settle(send)
  }

  /** Take up what this person wrote here and what was not known to be stored. */
  recall(): void {
    this.#rooms.clear()
    for (const kept of this.keeping.kept(this.me())) {
      const send = sendOf(kept, this.me())
      this.#rooms.set(send.room, [...this.of(send.room), send])
    }
    this.#flushAll()
  }

  /** Show nobody else's posts; they stay on the device unless `keeping` forgets them too. */
  clear(): void {
    this.#rooms.clear()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #flushAll(): void {
    for (const room of this.#rooms.keys()) void this.#flush(room)
  }

  async #flush(room: string): Promise<void> {
    if (this.#busy.has(room) || !this.connection.online) return
    const send = this.of(room).find(isOpen)
    if (!send || (send.until !== null && send.until > this.clock.now())) return
    this.#busy.add(room)
    this.#set(send, { state: "sending", until: null })
    const slow = setTimeout(() => this.#change(send.cid, { slow: true }), SLOW)
    try {
      const given = { room, cid: send.cid, text: send.text, ...send.extra }
      await this.connection.ask("message.post", given, (ok) => this.#answered(send.cid, ok))
    } catch (error) {
      this.#failed(send.cid, refusedBy(error))
    } finally {
      clearTimeout(slow)
      this.#busy.delete(room)
    }
    void this.#flush(room)
  }

  #answered(cid: string, ok: Commands["message.post"]["ok"]): void {
    const send = this.#find(cid)
    if (!send) return
    this.sent()
    this.keeping.drop(this.me(), cid)
    // Shown until its event comes, which a duplicate's may have done long ago.
    if (ok.seq <= this.position(send.room)) this.#settle(send)
    else this.#set(send, { state: "sent", slow: false, seq: ok.seq })
  }

  #failed(cid: string, refusal: Refused): void {
    const send = this.#find(cid)
    if (!send || send.state === "sent") return
    if (refusal.code === "offline") this.#set(send, { state: "queued", slow: false })
    else if (refusal.retry) this.#wait(send, refusal, this.clock.now() + (refusal.after ?? AGAIN))
    else this.keeping.keep(this.me(), keptOf(this.#set(send, { state: "refused", slow: false, refusal })))
  }

  #wait(send: Send, refusal: Refused, until: number): void {
    this.#set(send, { state: "waiting", slow: false, refusal, until })
    clearTimeout(this.#timers.get(send.room))
    const milliseconds = Math.max(0, until - this.clock.now()) * 1000
    this.#timers.set(send.room, setTimeout(() => void this.#flush(send.room), milliseconds + 1))
  }

  /** The post has come back as everybody gets it: the row takes over. */
  #event(event: RoomEvent): void {
    if (event.event !== "message.posted" || event.by !== this.me()) return
    const { cid } = event.data as { cid?: string | null }
    const send = cid ? this.#find(cid) : this.of(event.room).find((one) => one.seq === event.seq)
    if (!send) return
    // The event may overtake the answer; either way it was sent once.
    if (send.state !== "sent") this.sent()
    this.#settle(send)
  }

  /** Drop posts whose event is in what was entered: a snapshot brings messages, and not their cids. */
  reached(room: string, position: number): void {
    for (const send of this.of(room)) if (send.seq !== null && send.seq <= position) this.#settle(send)
  }

  #settle(send: Send): void {
    this.keeping.drop(this.me(), send.cid)
    const left = this.of(send.room).filter((one) => one.cid !== send.cid)
    if (left.length) this.#rooms.set(send.room, left)
    else this.#rooms.delete(send.room)
  }

  #find(cid: string): Send | undefined {
    return [...this.#rooms.values()].flat().find((send) => send.cid === cid)
  }

  #change(cid: string, change: Partial<Send>): void {
    const send = this.#find(cid)
    if (send) this.#set(send, change)
  }

  #set(send: Send, change: Partial<Send>): Send {
    const changed = { ...send, ...change }
    const { room, cid } = send
    this.#rooms.set(room, this.of(room).map((one) => (one.cid === cid ? changed : one)))
    return changed
  }
}

/** Still to be sent, or on its way. */
const isOpen = ({ state }: Send): boolean => state === "queued" || state === "sending" || state === "waiting"
