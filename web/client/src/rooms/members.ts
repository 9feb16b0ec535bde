// Members: what joining, leaving, muting and banning mean for oneself. Other members are not held.

import type { Events } from "./events"
import type { Room } from "./room.svelte"

const isMe = (room: Room, person: string): boolean => person === room.me

export const apply: Events<Room> = {
  "member.joined": (room, { person }) => {
    if (!isMe(room, person)) return
    room.member = true
    room.role ??= "member"
  },
  "member.left": (room, { person }) => lose(room, person),
  "member.removed": (room, { person }) => lose(room, person),
  "member.banned": (room, { person }) => lose(room, person),
  "member.muted": (room, { person, until }) => {
    if (isMe(room, person)) room.mute(until ?? null, null)
  },
  "member.unmuted": (room, { person }) => {
    if (isMe(room, person)) room.unmute()
  },
}

function lose(room: Room, person: string): void {
  if (!isMe(room, person)) return
  room.member = false
  room.role = null
}
