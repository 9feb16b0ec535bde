// Messages: what posting, editing and removing do to what is held.

import type { Events } from "../rooms/events"
import type { Room } from "../rooms/room.svelte"
import { postedRow, type Row } from "./rows"

export const apply: Events<Room> = {
  "message.posted": (room, _data, event) => room.stream.post(postedRow(event, room.me)),

  // Of a voided edit is known that it took place; its text is gone, and so is the message soon.
  "message.edited": (room, data, { seq, at }) =>
    room.change(data.id, seq, (row) =>
      "voided" in data
        ? { version: row.version + 1, edited_at: at }
        : { text: data.text, version: data.version, edited_at: at },
    ),

  "message.removed": (room, { id, reason }, { seq, at, by }) =>
    room.change(id, seq, () => removed({ at, by: by ?? "", ...(reason ? { reason } : {}) })),
}

/** What a removal leaves of a message: its place and author. */
export const removed = (removal: NonNullable<Row["removed"]>): Partial<Row> => ({
  removed: removal,
  text: "",
  reactions: [],
  pinned: null,
})
