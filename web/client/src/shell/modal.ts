// Modal: a native dialog above all else, for as long as its component is on screen.
import { remember } from "./focus"

/** Shows a dialog, and calls `onclose` when it is closed; returns the end of it, which brings the focus back. */
export function modal(dialog: HTMLDialogElement, onclose: () => void): () => void {
  const back = remember()
  dialog.addEventListener("close", onclose)
  dialog.showModal()
  return () => {
    // The browser tells of a closing a task later: by then another dialog may be open, and would be closed.
    dialog.removeEventListener("close", onclose)
    dialog.close()
    back()
  }
}
