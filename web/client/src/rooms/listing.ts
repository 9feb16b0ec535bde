// Listing: every page of the list of rooms, as one.

import type { Ask } from "../connection/connection.svelte"
import type { ListedRoom } from "../protocol"

export async function listed(ask: Ask): Promise<ListedRoom[]> {
  const entries: ListedRoom[] = []
  let cursor: string | null | undefined
  do {
    const page = await ask("room.list", cursor ? { cursor } : {})
    entries.push(...page.rooms)
    cursor = page.next
  } while (cursor)
  return entries
}
