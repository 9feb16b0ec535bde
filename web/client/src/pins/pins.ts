// Pins: what the room keeps in view, the latest first.

import { rowOf, type Row } from "../messages/rows"
import type { Message } from "../protocol"
import type { Events } from "../rooms/events"
import type { Room } from "../rooms/room.svelte"

export const apply: Events<Room> = {
  "message.pinned": (room, { id, note, message }, { seq, at, by }) => {
    const held = room.pins.find((pin) => pin.id === id)
    // Pinning again changes the note alone: who pinned it, when, and its place stay.
    const pinned = { at: held?.pinned?.at ?? at, by: held?.pinned?.by ?? by ?? "", ...(note ? { note } : {}) }
    room.change(id, seq, () => ({ pinned }))
    if (held) return
    const shown = room.stream.find(id) ?? told(message, seq, room.me)
    // A page may know of this message what this event's successors will say; those will be skipped then.
    const ahead = shown.as_of > seq && shown.pinned
    room.pins = [{ ...shown, pinned: ahead || pinned, as_of: Math.max(shown.as_of, seq) }, ...room.pins]
  },

  "message.unpinned": (room, { id }, { seq }) => {
    room.change(id, seq, () => ({ pinned: null }))
    letGo(room, id)
  },

  // A removed message's pin goes with it, without a word of its own.
  "message.removed": (room, { id }) => letGo(room, id),
}

/** A message as an event carries it: the same for everybody, so that `mine` is worked out here. */
const told = (message: Message, seq: number, me: string): Row => ({
  ...rowOf(message, seq),
  reactions: message.reactions.map((reaction) => ({ ...reaction, mine: reaction.people.includes(me) })),
})

function letGo(room: Room, id: string): void {
  room.pins = room.pins.filter((pin) => pin.id !== id)
}

export const summary = (pins: number): string => (pins === 1 ? "1 pin" : `${pins} pins`)
