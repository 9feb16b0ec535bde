// Signals: what passes in a room without being kept: who is here, who types, that the room closes.

import type { Status } from "../presence/words"
import type { Signal, SignalData } from "../protocol"
import type { Presence, Room } from "./room.svelte"

type Handlers = { [S in keyof SignalData]?: (room: Room, data: SignalData[S]) => void }

const STATES = ["online", "away", "busy", "on_call", "offline"] as const satisfies readonly (Status | "offline")[]

const handlers: Handlers = {
  "person.typing": (room, { people }) => (room.typing = people.filter((person) => person !== room.me)),
  "presence.changing": (room, data) => {
    const statuses = new Map<string, Presence>(data.full ? [] : room.statuses)
    for (const state of STATES) {
      for (const person of data[state] ?? []) {
        if (state === "offline") statuses.delete(person)
        else statuses.set(person, state)
      }
    }
    room.statuses = statuses
    room.here = data.count
    room.presenceIsStale = data.stale ?? false
  },
  "room.closing": (room, { reason }) => room.close(reason),
}

export function apply(room: Room, { signal, data }: Signal): void {
  const handle = handlers[signal] as ((room: Room, data: unknown) => void) | undefined
  handle?.(room, data)
}
