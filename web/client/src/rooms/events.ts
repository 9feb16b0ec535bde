// Events: the type of the tables through which a room's events change state.

import type { EventData, RoomEvent } from "../protocol"

/** What each event does to a target. A table names only the events it knows; others change nothing. */
export type Events<Target> = {
  [E in keyof EventData]?: (target: Target, data: EventData[E], event: RoomEvent<E>) => void
}

/** Change the target as every table says, in their order. */
export function applyAll<Target>(tables: Events<Target>[], target: Target, event: RoomEvent): void {
  for (const table of tables) {
    const change = table[event.event] as
      | ((target: Target, data: unknown, event: RoomEvent) => void)
      | undefined
    change?.(target, event.data, event)
  }
}

/** Whether an event's content had to go: it kept its number, name, time and author. */
export const isVoided = (event: RoomEvent): boolean => "voided" in event.data
