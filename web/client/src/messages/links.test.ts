// Links: what of a text is an address.

import { expect, test } from "vitest"
import { runsOf } from "./links"

test("an address is a link, and what ends the sentence is not the address's", () => {
  expect(runsOf("See https://example.org/a_(b), then (https://example.org).")).toEqual([
    { text: "See " },
    { text: "https://example.org/a_(b)", href: "https://example.org/a_(b)" },
    { text: ", then (" },
    { text: "https://example.org", href: "https://example.org" },
    { text: ")." },
  ])
})

test("nothing but http and https is a link", () => {
  expect(runsOf("javascript:alert(1) ftp://example.org")).toEqual([{ text: "javascript:alert(1) ftp://example.org" }])
})

test("a sign that turns text round ends an address", () => {
  expect(runsOf("https://example.org/\u202ex")).toEqual([
    { text: "https://example.org/", href: "https://example.org/" },
    { text: "\u202ex" },
  ])
})
