// Signs: what would turn a text round is told apart from it.

import { expect, test } from "vitest"
import { partsOf } from "./signs"

test("a sign that turns round what follows stands alone", () => {
  expect(partsOf("Give \u202e05 mg\u202d")).toEqual([
    { text: "Give ", turns: false },
    { text: "\u202e", turns: true },
    { text: "05 mg", turns: false },
    { text: "\u202d", turns: true },
  ])
})

test("what Arabic and Hebrew are written with is no such sign", () => {
  expect(partsOf("\u2067جرعة\u2069 5 mg")).toEqual([{ text: "\u2067جرعة\u2069 5 mg", turns: false }])
})
