// Entering: keeps each room's stream whole. Every event is the next, or the room is entered again from where it stood.

import type { Ask } from "../connection/connection.svelte"
import { Refused } from "../connection/refused"
import type { Entered, OwnSnapshot, RoomEvent, Snapshot } from "../protocol"

/** What can be entered: a room, or `@me`. */
export interface Enterable {
  readonly id: string
  epoch: string | null
  position: number
  entering: boolean
  replace(snapshot: Snapshot | OwnSnapshot, epoch: string, head: number): void
  apply(event: RoomEvent): void
}

export interface Wish {
  signals: boolean
  messages: number
  /** Give no position, so that the answer is a snapshot. */
  fresh?: boolean
}

/** What a room's position makes of an event's number. */
export const verdict = (position: number, seq: number): "drop" | "apply" | "gap" =>
  seq <= position ? "drop" : seq === position + 1 ? "apply" : "gap"

const AGAIN = 2_000 // milliseconds until an enter that could not be served is tried again; as the server's first back-off
const TAIL = 1_000 // milliseconds that events may follow their head by, before they count as lost; guessed: ten times a slow network

export interface Catching {
  /** An enter was answered: how far behind one was, or that all was replaced. */
  entered?(room: Enterable, answer: Entered, before: number): void
  refused?(room: Enterable, refused: Refused): void
}

export class Entering {
  readonly #wishes = new Map<Enterable, Wish>()
  /** Wanted while another enter of the same room was open. */
  readonly #next = new Map<Enterable, Wish>()
  #connection = 0

  constructor(
    private readonly ask: Ask,
    private readonly hooks: Catching = {},
  ) {}

  /** Enter, or enter again in another manner. Resolves when the room is live, or refused, or the connection lost. */
  async enter(room: Enterable, wish: Wish): Promise<void> {
    if (room.entering) {
      this.#next.set(room, wish)
      return
    }
    this.#wishes.set(room, wish)
    room.entering = true
    const connection = this.#connection
    const before = room.position
    const from = !wish.fresh && room.epoch !== null ? { epoch: room.epoch, seq: room.position } : {}
    try {
      const { signals, messages } = wish
      // At once, not after a promise: the frame behind the answer may already be the room's next event.
      await this.ask("room.enter", { room: room.id, ...from, signals, messages }, (answer) => {
        room.entering = false
        if (answer.snapshot) room.replace(answer.snapshot, answer.epoch, answer.head)
        this.hooks.entered?.(room, answer, before)
      })
    } catch (error) {
      if (connection !== this.#connection) return
      room.entering = false
      if (!(error instanceof Refused)) throw error
      if (error.code === "offline") return
      if (error.retry) setTimeout(() => connection === this.#connection && void this.enter(room, wish), AGAIN)
      else this.hooks.refused?.(room, error)
    }
    const next = this.#next.get(room)
    this.#next.delete(room)
    if (next) await this.enter(room, next)
  }

  /** The connection is gone, and every enter with it. */
  lost(rooms: Iterable<Enterable>): void {
    this.#connection += 1
    this.#next.clear()
    for (const room of rooms) room.entering = false
  }

  leave(room: Enterable): void {
    this.#wishes.delete(room)
    this.#next.delete(room)
    room.epoch = null
    room.entering = false
    this.ask("room.leave", { room: room.id }).catch(() => {})
  }

  /** Take an event: apply it, drop it, or find that one is missing. Returns whether it was applied. */
  receive(room: Enterable, event: RoomEvent): boolean {
    if (room.entering || room.epoch === null) return false
    const found = verdict(room.position, event.seq)
    if (found === "apply") room.apply(event)
    else if (found === "gap") this.#resume(room)
    return found === "apply"
  }

  /** Compare with the server's head: loss at the tail shows in nothing else. */
  check(room: Enterable, head: number): void {
    const behind = () => room.epoch !== null && !room.entering && room.position < head
    if (!behind()) return
    const connection = this.#connection
    setTimeout(() => connection === this.#connection && behind() && this.#resume(room), TAIL)
  }

  #resume(room: Enterable): void {
    const { signals, messages } = this.#wishes.get(room) ?? { signals: false, messages: 0 }
    void this.enter(room, { signals, messages })
  }
}
