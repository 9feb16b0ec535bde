// Session: who is signed in, told apart from not knowing.

import { expect, test } from "vitest"
import type { Call } from "../api/api"
import { Refused, offline } from "../connection/refused"
import { person } from "../testing/model"
import { Session } from "./session.svelte"

const answering = (answer: () => unknown): Call => (() => Promise.resolve().then(answer)) as unknown as Call

const signedOut = () => {
  throw new Refused({ code: "signed_out", detail: "Sign in first.", retry: false })
}

test("a session is found, and its end is told from a server that is away", async () => {
  let answer: () => unknown = () => ({ person: person("ana") })
  const session = new Session(answering(() => answer()))
  expect([await session.look(), session.state, session.me]).toEqual(["signed_in", "signed_in", "ana"])

  answer = () => {
    throw offline()
  }
  expect([await session.look(), session.state]).toEqual(["unknown", "signed_in"])
  answer = signedOut

  expect([await session.check(), session.state]).toEqual(["signed_out", "signed_in"])
  expect([await session.look(), session.state, session.me]).toEqual(["signed_out", "signed_out", ""])
})

test("a wrong password is refused with the server's words, and nobody is signed in", async () => {
  const session = new Session(answering(signedOut))
  await session.look()

  const failure = await session.open("ana", "wrong").catch((error: unknown) => error)

  expect(failure).toMatchObject({ detail: "Sign in first." })
  expect(session.state).toBe("signed_out")
})

test("a change of person is told once, with who it was", async () => {
  const told: unknown[] = []
  let who = "ana"
  const session = new Session(
    answering(() => ({ person: person(who) })),
    ({ me }, was) => told.push([me, was?.id ?? null]),
  )
  await session.look()
  await session.look()
  who = "ben"
  await session.look()

  expect(told).toEqual([["ana", null], ["ben", "ana"]])
})
