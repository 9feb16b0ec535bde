// Settings: a room's title, topic and privacy, changed one by one.

import type { Events } from "./events"
import type { Room } from "./room.svelte"

export const apply: Events<Room> = {
  "room.changed": (room, changed) => {
    room.title = changed.title ?? room.title
    room.topic = changed.topic ?? room.topic
    room.private = changed.private ?? room.private
  },
}
