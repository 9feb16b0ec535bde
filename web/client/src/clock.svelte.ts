// Clock: the server's time, so that no label or countdown depends on how this computer's clock is set.

import { createSubscriber } from "svelte/reactivity"
import { dayOf } from "./messages/dates"

export class Clock {
  #offset = $state(0)

  constructor(private readonly host: () => number = () => Date.now() / 1000) {}

  /** Seconds since 1970 UTC by the server's clock. Not reactive: see `second` and `minute`. */
  now(): number {
    return this.host() + this.#offset
  }

  /** Take the server's time from an answer. Half the round trip is not known here and is well under a second. */
  set(now: number): void {
    const offset = now - this.host()
    // Small differences are the network's, not the clock's: following them would redraw every label for nothing.
    if (Math.abs(offset - this.#offset) > 0.25) this.#offset = offset
  }

  /** The present second, moving on while something on screen reads it. */
  get second(): number {
    this.#seconds()
    return Math.floor(this.now())
  }

  /** The present minute, in seconds since 1970. */
  get minute(): number {
    this.#minutes()
    return Math.floor(this.now() / 60) * 60
  }

  /** Today in the viewer's zone, as in "2026-11-24"; changes at midnight. */
  get today(): string {
    this.#minutes()
    return dayOf(this.now())
  }

  #seconds = createSubscriber((update) => every(1, () => this.now(), update))
  #minutes = createSubscriber((update) => every(60, () => this.now(), update))
}

/** Call at each whole multiple of `seconds`; returns the end of it. */
function every(seconds: number, now: () => number, update: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const arm = () => {
    const left = seconds - (now() % seconds)
    timer = setTimeout(() => {
      update()
      arm()
    }, left * 1000 + 5) // a timer may fire early by a millisecond or two
  }
  arm()
  return () => clearTimeout(timer)
}
