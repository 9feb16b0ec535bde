// Leaving: signing out keeps what was written and not sent on this device, for the same person's return.

import { toast } from "../shell/toast.svelte"
import { forget, session } from "../state"

export const signOut = (): Promise<void> => session.close().catch(toast.refusal)

/** Sign out of a device that others use as well. */
export async function signOutAndForget(): Promise<void> {
  try {
    const { me } = session
    if (me) forget()
    await session.close()
  } catch (error) {
    toast.refusal(error)
  }
}
