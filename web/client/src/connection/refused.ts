// Refused: the server's answer no, as an error that carries its code, its sentence and its fields.

import type { Refusal } from "../protocol"

/** The server's codes, and what is found out here. */
export type Code = Refusal["code"] | "offline" | "unanswered"

export class Refused extends Error {
  readonly code: Code
  readonly detail: string
  readonly retry: boolean
  readonly after?: number

  constructor(refusal: Omit<Refusal, "code"> & { code: Code }) {
    super(refusal.detail)
    this.name = "Refused"
    this.code = refusal.code
    this.detail = refusal.detail
    this.retry = refusal.retry
    if (refusal.after !== undefined) this.after = refusal.after
  }
}

/** No connection: nothing was sent, or its answer was lost with the connection. */
export const offline = (): Refused =>
  new Refused({ code: "offline", detail: "Curbside is not connected.", retry: true })

/** The connection lives, but the answer did not come. */
export const unanswered = (): Refused =>
  new Refused({ code: "unanswered", detail: "The server did not answer.", retry: true })

/** What anything thrown is to a person: a refusal as it is, everything else without its details. */
export const refusedBy = (error: unknown): Refused =>
  error instanceof Refused
    ? error
    : new Refused({ code: "internal", detail: "Something went wrong here.", retry: false })
