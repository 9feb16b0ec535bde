// Keeping: what a device remembers of a queue.

import { expect, test } from "vitest"
import { memoryDevice } from "../device"
import { Keeping } from "./keeping"
import type { Kept } from "./sends"

const kept = (cid: string, made: number): Kept => ({ cid, room: "cardiology", text: cid, extra: {}, made })

test("posts are recalled in the order of their writing, whatever order the device lists them in", () => {
  const keeping = new Keeping(memoryDevice())
  for (const [cid, made] of [["second", 20], ["first", 10], ["third", 30]] as const) keeping.keep("ana", kept(cid, made))

  expect(keeping.kept("ana").map(({ cid }) => cid)).toEqual(["first", "second", "third"])
})

test("a post that cannot be read any more is dropped, and the others are recalled", () => {
  const device = memoryDevice()
  const keeping = new Keeping(device)
  keeping.keep("ana", kept("whole", 10))
  device.set("curbside.outbox.ana.torn", "{")

  expect(keeping.kept("ana").map(({ cid }) => cid)).toEqual(["whole"])
  expect(device.keys("")).toEqual(["curbside.outbox.ana.whole"])
})
