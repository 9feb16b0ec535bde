// History: fetches pages of a room's messages into its window. A page is true as of its own number:
// events that passed while it was on its way are applied to it again, and older ones never are.

import { refusedBy } from "../connection/refused"
import type { Ask } from "../connection/connection.svelte"
import type { People } from "../people/people.svelte"
import type { Page, RoomEvent } from "../protocol"
import { applyAll } from "../rooms/events"
import type { Room } from "../rooms/room.svelte"
import { rowTables } from "../rooms/tables"
import type { Loading } from "./stream.svelte"

const PAGE = 100 // messages, the most that the server gives

export class History {
  constructor(
    private readonly ask: Ask,
    private readonly people: People,
  ) {}

  async older(room: Room): Promise<void> {
    const first = room.stream.rows[0]
    if (!first || !room.stream.hasOlder) return
    await this.#load(room, "older", { before: first.seq, limit: PAGE }, (page) => room.stream.prepend(page, room.position))
  }

  async newer(room: Room): Promise<void> {
    const last = room.stream.rows.at(-1)
    if (!last || room.stream.attached) return
    await this.#load(room, "newer", { after: last.seq, limit: PAGE }, (page) => room.stream.append(page, room.position))
  }

  async around(room: Room, seq: number): Promise<void> {
    await this.#load(room, "around", { around: seq, limit: PAGE }, (page) => room.stream.show(page, room.position))
  }

  /** Show the newest messages again. */
  async present(room: Room): Promise<void> {
    await this.#load(room, "around", { limit: PAGE }, (page) => room.stream.showLast(page, room.position))
  }

  async #load(
    room: Room,
    loading: Loading,
    where: { before?: number; after?: number; around?: number; limit: number },
    take: (page: Page) => void,
  ): Promise<void> {
    const { stream } = room
    if (stream.loading) return
    const { epoch } = room
    const passed: RoomEvent[] = []
    const stop = room.listen((event) => void passed.push(event))
    stream.loading = loading
    stream.problem = null
    try {
      const page = await this.ask("message.history", { room: room.id, ...where })
      this.people.know(page.people)
      // The room was numbered anew meanwhile: this page belongs to no position that is held.
      if (room.epoch !== epoch) return
      take(page)
      for (const event of passed) if (event.seq > page.as_of) applyAll(rowTables, room, event)
    } catch (error) {
      stream.problem = refusedBy(error)
    } finally {
      stop()
      stream.loading = ""
    }
  }
}
