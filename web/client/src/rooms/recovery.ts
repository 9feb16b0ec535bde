// Recovery: how much was missed while away, counted until every room has caught up with what its enter promised.

import type { Entered, RoomEvent } from "../protocol"
import type { Enterable } from "./entering"

export interface Caught {
  /** Messages of others that came while away. */
  loaded: number
  /** Whether nothing is left to be fetched by scrolling up. */
  complete: boolean
}

export class Recovery {
  readonly #behind = new Map<Enterable, number>()
  #caught: Caught = { loaded: 0, complete: true }

  constructor(
    private readonly me: () => string,
    /** Everything is caught up, as far as enters have been answered. */
    private readonly done: (caught: Caught) => void,
  ) {}

  begin(): void {
    this.#behind.clear()
    this.#caught = { loaded: 0, complete: true }
  }

  entered(room: Enterable, { resumed, head }: Entered): void {
    if (resumed && head > room.position) this.#behind.set(room, head)
  }

  /** More was missed than the server replays: a snapshot stands in for it. */
  skipped(): void {
    this.#caught.complete = false
  }

  applied(room: Enterable, event: RoomEvent): void {
    const head = this.#behind.get(room)
    if (head === undefined) return
    if (event.event === "message.posted" && event.by !== this.me() && event.seq <= head) this.#caught.loaded += 1
    if (event.seq < head) return
    this.#behind.delete(room)
    this.check()
  }

  check(): void {
    if (this.#behind.size === 0) this.done(this.#caught)
  }
}
