// Drafts: nothing that was written is lost, and nobody else sees it.

import { expect, test } from "vitest"
import { memoryDevice, type Device } from "../device"
import { Drafts } from "./drafts.svelte"

/** A device whose tabs hear of each other. */
function shared(): () => Device {
  const kept = memoryDevice()
  const tabs: ((key: string, value: string | null) => void)[] = []
  return () => {
    const mine: (typeof tabs)[number][] = []
    const tell = (key: string, value: string | null) =>
      tabs.filter((tab) => !mine.includes(tab)).forEach((tab) => tab(key, value))
    return {
      ...kept,
      set: (key, value) => (kept.set(key, value), tell(key, value)),
      delete: (key) => (kept.delete(key), tell(key, null)),
      watch: (changed) => void (mine.push(changed), tabs.push(changed)),
    }
  }
}

test("a draft survives a reload, each room's its own", () => {
  const device = memoryDevice()
  const before = new Drafts(device, () => "ana")
  before.set("cardiology", "Troponin at three hours")
  before.set("oncology", "Second opinion?")
  before.set("oncology", "")

  const after = new Drafts(device, () => "ana")
  after.recall()

  expect([after.get("cardiology"), after.get("oncology")]).toEqual(["Troponin at three hours", ""])
})

test("a draft of one tab shows in the other, and goes there when it is posted", () => {
  const tab = shared()
  const [one, other] = [new Drafts(tab(), () => "ana"), new Drafts(tab(), () => "ana")]
  one.set("cardiology", "Troponin")
  expect(other.get("cardiology")).toBe("Troponin")

  other.set("cardiology", "")

  expect(one.get("cardiology")).toBe("")
})

test("another person on the same device sees no draft, and signing out may delete them", () => {
  const device = memoryDevice()
  const ana = new Drafts(device, () => "ana")
  ana.set("cardiology", "Troponin")
  const ben = new Drafts(device, () => "ben")
  ben.recall()
  expect(ben.get("cardiology")).toBe("")

  ana.forget()

  expect([ana.get("cardiology"), device.keys("")]).toEqual(["", []])
})
