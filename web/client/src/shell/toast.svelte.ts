// Toast: one sentence at the page's foot, for at least eight seconds, with one thing to do about it.

import { refusedBy } from "../connection/refused"

const STAY = 8_000 // milliseconds

interface Said {
  text: string
  deed?: { word: string; do: () => void }
}

class Toast {
  said = $state.raw<Said | null>(null)
  #timer: ReturnType<typeof setTimeout> | undefined

  say(text: string, deed?: Said["deed"]): void {
    clearTimeout(this.#timer)
    this.said = deed ? { text, deed } : { text }
    this.#timer = setTimeout(() => (this.said = null), STAY)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.said = null
  }

  /** Say why something that was asked for did not happen. */
  readonly refusal = (error: unknown): void => this.say(refusedBy(error).detail)
}

export const toast = new Toast()

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast.say(`${what} copied.`)
  } catch {
    toast.say("This browser does not let the page copy.")
  }
}
