// Typing: tells the room that one is writing, at most every three seconds. Who else is comes by signal.

import type { Ask } from "../connection/connection.svelte"

const PAUSE = 3_000 // milliseconds

export class Typing {
  readonly #told = new Map<string, number>()

  constructor(private readonly ask: Ask) {}

  /** A key was pressed in a room's composer. */
  pressed(room: string): void {
    const now = Date.now()
    if (now - (this.#told.get(room) ?? 0) < PAUSE) return
    this.#told.set(room, now)
    this.ask("person.type", { room }).catch(() => {})
  }

  /** The text was posted: the next key begins anew. */
  ended(room: string): void {
    this.#told.delete(room)
  }
}
