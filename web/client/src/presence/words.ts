// Words: what each status is called, and which one shows how on an avatar.

import type { SetPresence } from "../protocol"

export type Status = SetPresence["state"]

export const STATUSES: [Status, string, string][] = [
  ["online", "Available", "Shown as here"],
  ["away", "Away", "Back later"],
  ["busy", "Busy", "With patients"],
  ["on_call", "On call", "Named first"],
  ["invisible", "Invisible", "Not listed as here"],
]

export const statusWord = (status: Status | "offline"): string =>
  STATUSES.find(([one]) => one === status)?.[1] ?? "Offline"
