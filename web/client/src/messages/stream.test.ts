// Stream: a bounded window that moves both ways and never loses its place.

import { expect, test } from "vitest"
import { ME, ModelRoom } from "../testing/model"
import { postedRow } from "./rows"
import { Stream, WINDOW } from "./stream.svelte"

function filled(count: number): { model: ModelRoom; stream: Stream } {
  const model = new ModelRoom("cardiology")
  for (let n = 0; n < count; n += 1) model.post("ben", `Text ${n + 1}`)
  const stream = new Stream()
  const { messages, more } = model.snapshot(50)
  stream.replace(messages, more, model.head)
  return { model, stream }
}

const ends = (stream: Stream) => [stream.rows[0]?.seq, stream.rows.at(-1)?.seq]

test("reading to the beginning and back again holds at most 300 rows and every message", () => {
  const { model, stream } = filled(1_000)
  const seen = new Set<number>()

  while (stream.hasOlder) {
    stream.prepend(model.page({ before: stream.rows[0]!.seq, limit: 100 }), model.head)
    for (const row of stream.rows) seen.add(row.seq)
    expect(stream.rows.length).toBeLessThanOrEqual(WINDOW)
  }
  expect(ends(stream)).toEqual([1, 300])
  expect([stream.attached, stream.newer]).toEqual([false, 700])
  while (!stream.attached) {
    stream.append(model.page({ after: stream.rows.at(-1)!.seq, limit: 100 }), model.head)
    for (const row of stream.rows) seen.add(row.seq)
    expect(stream.rows.length).toBeLessThanOrEqual(WINDOW)
  }

  expect(ends(stream)).toEqual([701, 1_000])
  expect(seen.size).toBe(1_000)
})

test("posts join a window at the present, and are counted by one that is elsewhere", () => {
  const { model, stream } = filled(500)
  stream.post(postedRow(model.post("ben", "Joins") as never, ME))
  expect(stream.rows.at(-1)?.text).toBe("Joins")
  stream.show(model.page({ around: 100, limit: 100 }), model.head)

  stream.post(postedRow(model.post("ben", "Counted") as never, ME))

  expect([stream.attached, stream.newer]).toEqual([false, 1])
})

test("a window that follows lets its oldest rows go; one that is read keeps them and lets the present go", () => {
  const { model, stream } = filled(50)
  for (let n = 0; n < 300; n += 1) stream.post(postedRow(model.post("ben", "On") as never, ME))
  expect(ends(stream)).toEqual([51, 350])

  stream.following = false
  stream.post(postedRow(model.post("ben", "On") as never, ME))

  expect(ends(stream)).toEqual([51, 350])
  expect([stream.attached, stream.newer]).toEqual([false, 1])
})

test("a place near the present shows the present with it", () => {
  const { model, stream } = filled(500)

  stream.show(model.page({ around: 480, limit: 100 }), model.head)

  expect(stream.attached).toBe(true)
  expect(stream.hasOlder).toBe(true)
})
