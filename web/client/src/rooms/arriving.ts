// Arriving: where one lands in a room that is opened: at a message asked for, else at the first unread one.

import type { Refused } from "../connection/refused"
import type { History } from "../messages/history"
import type { Room } from "./room.svelte"

export interface Arriving {
  room: Room
  at: number | undefined
  promise: Promise<void>
  resolve(): void
  reject(refused: Refused): void
}

/** An arrival that is still awaited: the room may be entered only after a reconnect. */
export function deferred(room: Room, at: number | undefined): Arriving {
  const arriving = { room, at } as Arriving
  arriving.promise = new Promise<void>((resolve, reject) => Object.assign(arriving, { resolve, reject }))
  return arriving
}

/** Draw the line "New", and load the place where the reader lands if it is not held. */
export async function arrive(room: Room, at: number | undefined, history: History): Promise<void> {
  const { stream } = room
  room.newAfter ??= room.unread > 0 ? room.read : null
  const first = stream.rows[0]
  const unheld = room.unread > 0 && stream.hasOlder && first && first.seq > room.read + 1
  const place = at ?? (unheld ? room.read + 1 : undefined)
  if (place !== undefined && !stream.holds(place)) await history.around(room, place)
  if (at !== undefined) stream.target = at
}
