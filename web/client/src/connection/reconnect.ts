// Reconnect: what a close code asks of the client, and how long to wait before the next try.

export type Course = "resume" | "back_off" | "sign_in" | "signed_out" | "stop"

const SIGNED_OUT = 4204

/** What to do after a close; the hundreds decide, so that a new code needs no new client. */
export function course(code: number): Course {
  if (code === SIGNED_OUT) return "signed_out"
  if (code >= 4000 && code < 4100) return "resume"
  if (code >= 4100 && code < 4200) return "sign_in"
  if (code >= 4200 && code < 4300) return "stop"
  return "back_off"
}

const LEAST = 0.5 // seconds
const MOST = 30 // seconds
const FIRST = 2 // seconds: the first try comes within these

/** Seconds until try number `attempt` (from 0): full jitter, so that a thousand clients do not come at once. */
export function wait(attempt: number, random: number): number {
  const bound = Math.min(MOST, FIRST * 2 ** attempt)
  return LEAST + random * (bound - LEAST)
}

/** Tries that a close code skips: an overloaded server, or an error that the next try will repeat. */
export function skipped(code: number): number {
  if (code === 1013) return 2
  return [1002, 1003, 1007, 1009].includes(code) ? 3 : 0
}

const REASONS: Record<number, string> = {
  4200: "This page and the server no longer understand each other. Reload the page.",
  4201: "The server has a newer version. Reload the page.",
  4202: "The server closed the connection because too much was sent at once.",
  4203: "This account can no longer use Curbside.",
  4205: "Curbside is open in too many places. Close one of them, then try again.",
}

/** Why the client stopped, as a sentence. */
export const reason = (code: number): string =>
  REASONS[code] ?? "The server closed the connection and asks not to be called again."
