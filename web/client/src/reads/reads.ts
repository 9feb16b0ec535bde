// Reads: tells the server up to where each room was read, at most once a second, and soon after a reconnect.

import { newCid } from "../outbox/cids"
import type { Connection } from "../connection/connection.svelte"
import { Refused } from "../connection/refused"
import type { Room } from "../rooms/room.svelte"

const PAUSE = 1_000 // milliseconds; markers are told on at most that often (docs/protocol.md)

export class Reads {
  /** What is read here and not yet known there. */
  readonly #due = new Set<Room>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly connection: Connection) {
    connection.listen({ welcomed: () => this.#arm() })
  }

  /** A message was looked at. Looking moves markers forward only. */
  seen(room: Room, seq: number): void {
    if (seq > room.read) this.#mark(room, seq)
  }

  /** Mark a whole room as read; returns the undoing of it. */
  markRoom(room: Room): () => void {
    const before = room.read
    this.#mark(room, room.position)
    return () => this.#mark(room, before)
  }

  forget(): void {
    this.#due.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #mark(room: Room, seq: number): void {
    room.marking = seq
    room.mark(seq)
    this.#due.add(room)
    this.#arm()
  }

  #arm(): void {
    if (this.#due.size) this.#timer ??= setTimeout(() => this.#tell(), PAUSE)
  }

  #tell(): void {
    this.#timer = undefined
    if (!this.connection.online) return
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
        room.mark(answer.seq, answer.unread, answer.mentions)
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
