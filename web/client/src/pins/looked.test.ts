// Looked: which pins are new to a person on a device.

import { expect, test } from "vitest"
import { memoryDevice } from "../device"
import { rowOf, type Row } from "../messages/rows"
import { ME } from "../testing/model"
import { LookedPins } from "./looked.svelte"

const pin = (at: number, by = "ben"): Row =>
  rowOf({ id: `m${at}`, seq: at, at, by, kind: "text", text: "", version: 1, reactions: [], pinned: { at, by } }, at)

const room = (...pins: Row[]) => ({ id: "cardiology", pins })

test("a pin is new until one has looked at the room's pins, and on this device for good", () => {
  const device = memoryDevice()
  const looked = new LookedPins(device, () => ME)
  expect(looked.isNew(room(pin(10)))).toBe(true)

  looked.look(room(pin(20), pin(10)))

  expect(looked.isNew(room(pin(20), pin(10)))).toBe(false)
  expect(new LookedPins(device, () => ME).isNew(room(pin(20)))).toBe(false)
  expect(looked.isNew(room(pin(30), pin(20)))).toBe(true)
})

test("one's own pin is not new to oneself", () => {
  const looked = new LookedPins(memoryDevice(), () => ME)

  expect([looked.isNew(room(pin(10, ME))), looked.isNew(room(pin(10)))]).toEqual([false, true])
})

test("what one person looked at is new to the next, and forgotten where that is asked for", () => {
  const device = memoryDevice()
  const looked = new LookedPins(device, () => ME)
  looked.look(room(pin(10)))
  expect(new LookedPins(device, () => "cleo").isNew(room(pin(10)))).toBe(true)

  looked.forget()

  expect(device.keys("")).toEqual([])
  expect(looked.isNew(room(pin(10)))).toBe(true)
})
