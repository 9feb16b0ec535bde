// Filling: what a fresh snapshot does to the window of messages that was held.

import type { History } from "../messages/history"
import type { Snapshot } from "../protocol"
import type { Room } from "./room.svelte"

/** Replace the window; where the person was reading elsewhere, keep showing that place, read anew. */
export async function fill(room: Room, snapshot: Snapshot, head: number, history: History): Promise<void> {
  const { stream } = room
  const { messages, more } = snapshot
  const reading = stream.loaded && (!stream.attached || !stream.following)
  const middle = stream.rows[Math.floor(stream.rows.length / 2)]
  if (messages.length === 0 && more) {
    // Entered only to be counted: what was held is out of date, and is asked for on opening.
    stream.unload()
    return
  }
  stream.replace(messages, more, head)
  if (reading && middle && !stream.holds(middle.seq)) await history.around(room, middle.seq)
}
