// Groups: who is here, by specialty, as the room's details list them.

import type { Person } from "../protocol"
import type { Presence } from "../rooms/room.svelte"

export interface Here {
  person: Person
  status: Presence
}

export interface Group {
  /** Null where none is given, and for bots. */
  specialty: string | null
  people: Here[]
}

const ORDER: Presence[] = ["on_call", "online", "busy", "away", "invisible", "offline"]

/** People by specialty in its alphabet; those on call first, then by name. People not yet known are left out. */
export function bySpecialty(
  statuses: ReadonlyMap<string, Presence>,
  people: { get(id: string): Person | undefined },
): Group[] {
  const groups = new Map<string | null, Here[]>()
  for (const [id, status] of statuses) {
    const person = people.get(id)
    if (!person) continue
    const specialty = person.specialty ?? null
    groups.set(specialty, [...(groups.get(specialty) ?? []), { person, status }])
  }
  return [...groups]
    .map(([specialty, here]) => ({ specialty, people: here.sort(byStatus) }))
    .sort((one, other) => bySpecialtyName(one.specialty, other.specialty))
}

const byStatus = (one: Here, other: Here): number =>
  ORDER.indexOf(one.status) - ORDER.indexOf(other.status) || one.person.name.localeCompare(other.person.name)

function bySpecialtyName(one: string | null, other: string | null): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1
  return one.localeCompare(other)
}
