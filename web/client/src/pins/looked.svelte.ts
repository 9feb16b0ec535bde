// Looked: when the latest pin was made that this person has looked at, by room; kept on this device.

import { SvelteMap } from "svelte/reactivity"
import type { Device } from "../device"
import type { Room } from "../rooms/room.svelte"

const prefix = (person: string): string => `curbside.pins.${person}.`

export class LookedPins {
  /** By the device's own keys, which name the person as well. */
  readonly #until = new SvelteMap<string, string>()

  constructor(
    private readonly device: Device,
    private readonly me: () => string,
  ) {
    device.watch((key, value) => {
      if (key.startsWith(prefix(this.me()))) this.#until.set(key, value ?? "0")
    })
  }

  /** Whether somebody else has pinned something since. */
  isNew(room: Pick<Room, "id" | "pins">): boolean {
    const key = prefix(this.me()) + room.id
    const until = Number(this.#until.get(key) ?? this.device.get(key) ?? 0)
    return room.pins.some(({ pinned }) => pinned && pinned.by !== this.me() && pinned.at > until)
  }

  /** All of a room's pins are on screen. */
  look(room: Pick<Room, "id" | "pins">): void {
    if (!this.isNew(room)) return
    const key = prefix(this.me()) + room.id
    const until = String(Math.max(...room.pins.map(({ pinned }) => pinned?.at ?? 0)))
    this.#until.set(key, until)
    this.device.set(key, until)
  }

  /** Delete what this device knows of a person's looking. */
  forget(): void {
    for (const key of this.device.keys(prefix(this.me()))) this.device.delete(key)
    this.#until.clear()
  }
}
