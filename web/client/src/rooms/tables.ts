// Tables: the one fold of a room. Each noun says what its events change; the convergence test runs the same.

import { apply as messages } from "../messages/messages"
import { apply as pins } from "../pins/pins"
import type { EventData } from "../protocol"
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

/** Content that had to go changes nothing, but that its message once took a place. */
function sparingVoided(table: Events<Room>): Events<Room> {
  const spared: Record<string, unknown> = {}
  for (const name of Object.keys(table) as (keyof EventData)[]) {
    const change = table[name] as (...given: unknown[]) => void
    spared[name] =
      name === "message.posted"
        ? change
        : (target: Room, data: object, event: unknown) => {
            if (!("voided" in data)) change(target, data, event)
          }
  }
  return spared as Events<Room>
}
