// Enter: what the key does where one writes; kept on this device, and the same in all of its tabs.

import type { Device } from "../device"

const KEPT = "curbside.enter"

export class EnterKey {
  /** Whether Enter sends and Shift Enter makes a new line, or the other way round. */
  sends = $state(true)

  constructor(private readonly device: Device) {
    this.sends = device.get(KEPT) === null
    device.watch((key, value) => {
      if (key === KEPT) this.sends = value === null
    })
  }

  set(sends: boolean): void {
    this.sends = sends
    if (sends) this.device.delete(KEPT)
    else this.device.set(KEPT, "new line")
  }

  /** Whether a press sends what is written. With Ctrl or Cmd it does either way, as in most places where one writes. */
  isSend({ key, shiftKey, altKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    if (key !== "Enter" || altKey) return false
    return ctrlKey || metaKey || shiftKey !== this.sends
  }

  /** What to press, in words. */
  get keys(): { send: string; line: string } {
    return this.sends ? { send: "Enter", line: "Shift Enter" } : { send: "Shift Enter", line: "Enter" }
  }
}

/** Whether a press belongs to a composition, such as the Enter that picks a word. */
export const isComposing = (event: KeyboardEvent): boolean =>
  // keyCode 229: Safari ends a composition before the Enter that confirmed it.
  event.isComposing || event.keyCode === 229
