// Api: commands over HTTP, for what must work without a socket.

import { Refused, offline } from "../connection/refused"
import type { Commands, Refusal } from "../protocol"

export type Call = <C extends keyof Commands>(command: C, given: Commands[C]["with"]) => Promise<Commands[C]["ok"]>

/** Run one command. Throws Refused: the server's, or `offline` where it could not be reached. */
export const call: Call = async (command, given) => {
  const response = await fetch(`/api/${command}`, {
    method: "POST",
    // The header is what makes a forged cross-site form fail: a form cannot set it.
    headers: { "Content-Type": "application/json", "X-Curbside": "1" },
    body: JSON.stringify(given),
    credentials: "same-origin",
  }).catch(() => {
    throw offline()
  })
  const body: unknown = await response.json().catch(() => null)
  if (response.ok) return body as never
  throw refusalOf(response.status, body)
}

/** What a failure says; a proxy's page of HTML says nothing but its status. */
function refusalOf(status: number, body: unknown): Refused {
  const problem = (body ?? {}) as Partial<Refusal>
  if (problem.code) return new Refused({ retry: false, detail: "", ...problem, code: problem.code })
  return status >= 500 ? offline() : new Refused({ code: "internal", detail: `The server answered ${status}.`, retry: false })
}
