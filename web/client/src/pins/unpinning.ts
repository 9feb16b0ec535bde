// Unpinning: lets a pin go, with the way back.

import type { Row } from "../messages/rows"
import type { Room } from "../rooms/room.svelte"
import { toast } from "../shell/toast.svelte"
import { acts } from "../state"

export async function unpin(room: Room, { id, pinned }: Row): Promise<void> {
  const undo = () => void acts.pin(room, id, pinned?.note ?? undefined).catch(toast.refusal)
  try {
    await acts.unpin(room, id)
    toast.say("Unpinned.", { word: "Undo", do: undo })
  } catch (error) {
    toast.refusal(error)
  }
}
