// Tables: the one fold of a room. Each noun says what its events change; the convergence test runs the same.

import { apply as messages } from "../messages/messages"
import { apply as pins } from "../pins/pins"
import type { RoomEvent } from "../protocol"
import { apply as reactions } from "../reactions/reactions"
import { apply as reads } from "../reads/unread"
import type { Events } from "./events"
import { apply as members } from "./members"
import type { Room } from "./room.svelte"
import { apply as settings } from "./settings"

/** What touches rows only. Running these again over newer events changes nothing more: see messages/history.ts. */
export const rowTables: Events<Room>[] = [messages, reactions].map(sparingVoided)

/** Unread comes before messages: it asks whether a removed one was counted. */
export const tables: Events<Room>[] = [
  sparingVoided(reads),
  ...rowTables,
  ...[pins, members, settings].map(sparingVoided),
]

/** What is told of a message also when its content had to go: that it took a place, was edited, let go. */
const HOLLOW = new Set<string>(["message.posted", "message.edited", "message.removed", "message.unpinned"])

/** Content that had to go changes nothing else. */
function sparingVoided(table: Events<Room>): Events<Room> {
  const spared = Object.entries(table).map(([name, change]) => [
    name,
    (room: Room, data: object, event: RoomEvent) => {
      if (HOLLOW.has(name) || !("voided" in data)) (change as Change)(room, data, event)
    },
  ])
  return Object.fromEntries(spared) as Events<Room>
}

type Change = (room: Room, data: object, event: RoomEvent) => void
