// Reactions: how one person's reaction changes what a message carries.

import type { Reaction } from "../protocol"
import type { Events } from "../rooms/events"
import type { Room } from "../rooms/room.svelte"

const NAMED = 20 // people a reaction names at most; the count goes on

/** The reactions after one person has reacted or taken it back. One's own counts once, however often it is told. */
export function reacted(reactions: Reaction[], emoji: string, on: boolean, by: string | null, me: string): Reaction[] {
  const found = reactions.find((reaction) => reaction.emoji === emoji)
  const own = by === me
  if (own && (found?.mine ?? false) === on) return reactions
  const { count, mine, people } = found ?? { count: 0, mine: false, people: [] }
  const others = people.filter((person) => person !== by)
  const changed: Reaction = {
    emoji,
    count: count + (on ? 1 : -1),
    mine: own ? on : mine,
    people: on && by && others.length < NAMED ? [...others, by] : others,
  }
  if (!found) return on ? [...reactions, changed] : reactions
  if (changed.count <= 0) return reactions.filter((reaction) => reaction !== found)
  return reactions.map((reaction) => (reaction === found ? changed : reaction))
}

export const apply: Events<Room> = {
  "message.reacted": (room, { id, emoji, on }, { seq, by }) =>
    room.change(id, seq, (row) => ({ reactions: reacted(row.reactions, emoji, on, by, room.me) })),
}
