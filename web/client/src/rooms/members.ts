// Members: what joining and leaving mean for oneself. Other members are not held.

import type { Events } from "./events"
import type { Room } from "./room.svelte"

export const apply: Events<Room> = {
  "member.joined": (room, { person }) => {
    if (person !== room.me) return
    room.member = true
    room.role ??= "member"
  },
  "member.left": (room, { person }) => {
    if (person !== room.me) return
    room.member = false
    room.role = null
  },
}
