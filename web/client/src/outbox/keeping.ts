// Keeping: the queue as this device remembers it, one key a post, so that two tabs never overwrite each other.

import type { Device } from "../device"
import type { Kept } from "./sends"

const prefix = (person: string): string => `curbside.outbox.${person}.`

export class Keeping {
  constructor(private readonly device: Device) {}

  keep(person: string, kept: Kept): void {
    this.device.set(prefix(person) + kept.cid, JSON.stringify(kept))
  }

  drop(person: string, cid: string): void {
    this.device.delete(prefix(person) + cid)
  }

  /** All that was written and not known to be stored, in the order of writing. */
  kept(person: string): Kept[] {
    const found: Kept[] = []
    for (const key of this.device.keys(prefix(person))) {
      const value = this.device.get(key)
      try {
        if (value) found.push(JSON.parse(value) as Kept)
      } catch {
        this.device.delete(key)
      }
    }
    return found.sort((one, other) => one.made - other.made)
  }

  forget(person: string): void {
    for (const key of this.device.keys(prefix(person))) this.device.delete(key)
  }
}
