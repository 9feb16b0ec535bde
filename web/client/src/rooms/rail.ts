// Rail: the order of rooms, and the next one, or the next that wants reading.

import type { Room } from "./room.svelte"

export const byTitle = (one: Room, other: Room): number => one.title.localeCompare(other.title)

/** The next room, of those with something unread where asked, going round; one may be nowhere, and starts at an end. */
export function next(rail: readonly Room[], from: string | null, step: 1 | -1, unread: boolean): Room | undefined {
  const place = rail.findIndex((room) => room.id === from)
  const start = place < 0 && step < 0 ? rail.length : place
  for (let distance = 1; distance <= rail.length; distance += 1) {
    const room = rail[(start + step * distance + rail.length * 2) % rail.length]
    if (room && (room.unread || !unread)) return room
  }
  return undefined
}
