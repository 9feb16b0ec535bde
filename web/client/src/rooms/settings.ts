// Settings: a room's title, pace and policies, changed one by one.

import type { Events } from "./events"
import type { Room } from "./room.svelte"

export const apply: Events<Room> = {
  "room.changed": (room, changed) => {
    room.settings = { ...room.settings, ...changed }
    if (changed.title !== undefined) room.title = changed.title
    if (changed.private !== undefined) room.private = changed.private
  },
}
