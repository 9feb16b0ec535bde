// Reads: tells the server up to where each room was read, at most once a second, and soon after a reconnect.

import { newCid } from "../outbox/cids"
import type { Connection } from "../connection/connection.svelte"
import { Refused } from "../connection/refused"
import type { Room } from "../rooms/room.svelte"

const PAUSE = 1_000 // milliseconds; markers are told on at most that often (docs/protocol.md)
const UNDO = 8_000 // milliseconds that a toast with Undo stays at least

export class Reads {
  /** What is read here and not yet known there. */
  readonly #due = new Set<Room>()
  readonly #undoable = new Set<ReturnType<typeof setTimeout>>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #told = -Infinity

  constructor(private readonly connection: Connection) {
    connection.listen({ welcomed: () => this.#arm() })
  }

  /** A message was looked at. Looking moves markers forward only. */
  seen(room: Room, seq: number): void {
    if (seq > room.read) this.#mark(room, seq)
  }

  /**
   * Mark a whole room as read; returns the undoing of it. Markers on the server never move back, so that
   * it is told only once the undoing is no longer offered.
   */
  markRoom(room: Room): () => void {
    const before = { read: room.read, marking: room.marking }
    const marked = room.position
    room.marking = marked
    room.mark(marked)
    const timer = setTimeout(() => {
      this.#undoable.delete(timer)
      this.#due.add(room)
      this.#arm()
    }, UNDO)
    this.#undoable.add(timer)
    return () => {
      if (!this.#undoable.delete(timer)) return
      clearTimeout(timer)
      if (room.marking !== marked) return
      room.marking = before.marking
      room.mark(before.read)
    }
  }

  forget(): void {
    this.#due.clear()
    for (const timer of [this.#timer, ...this.#undoable]) clearTimeout(timer)
    this.#undoable.clear()
    this.#timer = undefined
  }

  #mark(room: Room, seq: number): void {
    room.marking = seq
    room.mark(seq)
    this.#due.add(room)
    this.#arm()
  }

  /** Tell at once after a pause, so that other devices agree within a second of the reading. */
  #arm(): void {
    const wait = Math.max(0, this.#told + PAUSE - Date.now())
    if (this.#due.size) this.#timer ??= setTimeout(() => this.#tell(), wait)
  }

  #tell(): void {
    this.#timer = undefined
    if (!this.connection.online) return
    this.#told = Date.now()
    const due = [...this.#due]
    this.#due.clear()
    for (const room of due) void this.#tellOne(room)
  }

  async #tellOne(room: Room): Promise<void> {
    const seq = room.marking
    if (seq === null) return
    try {
      await this.connection.ask("room.mark_read", { cid: newCid(), room: room.id, seq }, (answer) => {
        // Read on meanwhile: that marker's own answer will tell.
        if (room.marking !== seq) return
        room.marking = null
        room.mark(answer.seq, answer.unread)
      })
    } catch (error) {
      if (!(error instanceof Refused) || !error.retry) room.marking = null
      else {
        this.#due.add(room)
        if (error.code !== "offline") this.#arm()
      }
    }
  }
}
