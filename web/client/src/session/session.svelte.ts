// Session: who is signed in here, kept by the server's cookie and never by this code.

import type { Call } from "../api/api"
import { Refused, refusedBy } from "../connection/refused"
import type { Person } from "../protocol"

export type SessionState = "looking" | "signed_out" | "signed_in"

export class Session {
  state = $state<SessionState>("looking")
  person = $state.raw<Person | null>(null)
  /** Why it is not known whether somebody is signed in, as a sentence. */
  problem = $state<string | null>(null)

  constructor(
    private readonly call: Call,
    private readonly changed: (session: Session, was: Person | null) => void = () => {},
  ) {}

  /** One's own id, or nothing. */
  get me(): string {
    return this.person?.id ?? ""
  }

  /** Ask the server who is signed in. Never throws. */
  async look(): Promise<"signed_in" | "signed_out" | "unknown"> {
    try {
      this.#become((await this.call("session.show", {})).person)
      return "signed_in"
    } catch (error) {
      if (error instanceof Refused && error.code === "signed_out") {
        this.#become(null)
        return "signed_out"
      }
      this.problem = refusedBy(error).detail
      return "unknown"
    }
  }

  /** Ask whether the session still holds, and leave everything on screen where it does not. Never throws. */
  async check(): Promise<"signed_in" | "signed_out" | "unknown"> {
    try {
      this.#become((await this.call("session.show", {})).person)
      return "signed_in"
    } catch (error) {
      return error instanceof Refused && error.code === "signed_out" ? "signed_out" : "unknown"
    }
  }

  async open(handle: string, password: string): Promise<void> {
    this.#become((await this.call("session.open", { handle, password })).person)
  }

  /** Make the first administrator, with the code that the server printed at its first start. */
  async signUp(code: string, handle: string, name: string, password: string): Promise<void> {
    this.#become((await this.call("session.sign_up", { code, handle, name, password })).person)
  }

  async close(): Promise<void> {
    await this.call("session.close", {})
    this.#become(null)
  }

  #become(person: Person | null): void {
    const was = this.person
    this.problem = null
    this.person = person
    this.state = person ? "signed_in" : "signed_out"
    if (was?.id !== person?.id) this.changed(this, was)
  }
}
