// Unread: a message of somebody else counts until it is read or removed; one's own never does.

import type { Events } from "../rooms/events"
import type { Room } from "../rooms/room.svelte"

export const apply: Events<Room> = {
  "message.posted": (room, data, { seq, by }) => {
    if (by !== room.me && seq > room.read && !("voided" in data)) room.unreadCount.add(seq, data.id)
  },

  "message.removed": (room, { id }) => {
    const row = room.stream.find(id)
    const counted = row && row.by !== room.me && !row.removed && row.seq > room.read
    room.unreadCount.drop(id, counted ? row.seq : undefined)
  },
}
