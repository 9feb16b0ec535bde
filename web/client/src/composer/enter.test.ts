// Enter: what sends, what makes a new line, and what a device remembers of it.

import { expect, test } from "vitest"
import { memoryDevice, type Device } from "../device"
import { EnterKey, isComposing } from "./enter.svelte"

const press = (modifiers: Partial<KeyboardEvent> = {}) =>
  ({ key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...modifiers }) as KeyboardEvent

const sent = (enter: EnterKey) =>
  [press(), press({ shiftKey: true }), press({ ctrlKey: true }), press({ metaKey: true }), press({ altKey: true })].map(
    (event) => enter.isSend(event),
  )

test("Enter sends and Shift Enter makes a new line, until they are swapped", () => {
  const enter = new EnterKey(memoryDevice())
  expect([sent(enter), enter.keys]).toEqual([[true, false, true, true, false], { send: "Enter", line: "Shift Enter" }])

  enter.set(false)

  expect([sent(enter), enter.keys]).toEqual([[false, true, true, true, false], { send: "Shift Enter", line: "Enter" }])
})

test("no other key sends", () => {
  expect(new EnterKey(memoryDevice()).isSend(press({ key: "a" }))).toBe(false)
})

test("the device remembers the swap, and that it was taken back", () => {
  const device = memoryDevice()
  new EnterKey(device).set(false)
  const again = new EnterKey(device)
  expect(again.sends).toBe(false)

  again.set(true)

  expect(new EnterKey(device).sends).toBe(true)
})

test("a swap in another tab holds in this one", () => {
  let tell: (key: string, value: string | null) => void = () => {}
  const device: Device = { ...memoryDevice(), watch: (changed) => (tell = changed) }
  const enter = new EnterKey(device)

  tell("curbside.draft.ana.cardiology", "new line")
  expect(enter.sends).toBe(true)
  tell("curbside.enter", "new line")
  expect(enter.sends).toBe(false)
})

test("the Enter that picks a word of a composition is none, in Safari too", () => {
  const presses = [press({ isComposing: true }), press({ keyCode: 229 }), press({ isComposing: false, keyCode: 13 })]

  expect(presses.map(isComposing)).toEqual([true, true, false])
})
