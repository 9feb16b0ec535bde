// Drafts: what is written and not yet posted, by place, on this device; the same in all of its tabs.

import { SvelteMap } from "svelte/reactivity"
import type { Device } from "../device"

const prefix = (person: string): string => `curbside.draft.${person}.`

export class Drafts {
  readonly #texts = new SvelteMap<string, string>()

  constructor(
    private readonly device: Device,
    private readonly me: () => string,
  ) {
    device.watch((key, value) => {
      const start = prefix(this.me())
      if (key.startsWith(start)) this.#hold(key.slice(start.length), value ?? "")
    })
  }

  /** The draft of a place: a room's id, or a longer path where a message of it is being edited. */
  get(place: string): string {
    return this.#texts.get(place) ?? ""
  }

  /** Keep a draft; an empty one is none. */
  set(place: string, text: string): void {
    if (text === this.get(place)) return
    this.#hold(place, text)
    const key = prefix(this.me()) + place
    if (text) this.device.set(key, text)
    else this.device.delete(key)
  }

  /** Take up what this person wrote here. */
  recall(): void {
    this.#texts.clear()
    const start = prefix(this.me())
    for (const key of this.device.keys(start)) this.#texts.set(key.slice(start.length), this.device.get(key) ?? "")
  }

  /** Show nobody else's drafts; they stay on the device. */
  clear(): void {
    this.#texts.clear()
  }

  /** Delete this person's drafts from this device. */
  forget(): void {
    for (const key of this.device.keys(prefix(this.me()))) this.device.delete(key)
    this.clear()
  }

  #hold(place: string, text: string): void {
    if (text) this.#texts.set(place, text)
    else this.#texts.delete(place)
  }
}
