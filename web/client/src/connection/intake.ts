// Intake: takes frames in order, the first at once and what follows in the same screen frame together.
// A burst of a thousand events then costs one rendering, and a lone message costs no delay.

import type { Frame } from "../protocol"

/** Runs a function before the next rendering, or soon where nothing is rendered; returns its cancellation. */
export type NextFrame = (run: () => void) => () => void

const HIDDEN = 100 // milliseconds; a hidden tab gets no animation frames

export const nextFrame: NextFrame = (run) => {
  const cancel = () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
  }
  const once = () => {
    cancel()
    run()
  }
  const frame = requestAnimationFrame(once)
  const timer = setTimeout(once, HIDDEN)
  return cancel
}

export class Intake {
  #waiting: Frame[] = []
  #cancel: (() => void) | null = null

  constructor(
    private readonly handle: (frame: Frame) => void,
    private readonly next: NextFrame = nextFrame,
  ) {}

  take(frame: Frame): void {
    if (this.#cancel) {
      this.#waiting.push(frame)
      return
    }
    this.#cancel = this.next(() => this.#drain())
    this.#handle(frame)
  }

  /** Drop what waits: it belongs to a connection that is gone, and will be sent again. */
  clear(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#waiting = []
  }

  #drain(): void {
    const frames = this.#waiting
    this.#waiting = []
    this.#cancel = frames.length ? this.next(() => this.#drain()) : null
    for (const frame of frames) this.#handle(frame)
  }

  /** One frame's failure is ours to see and not the next frame's to suffer. */
  #handle(frame: Frame): void {
    try {
      this.handle(frame)
    } catch (error) {
      setTimeout(() => {
        throw error
      })
    }
  }
}
