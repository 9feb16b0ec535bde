// Keys: reading by keyboard: from message to message, and what acts on the one that has the focus.

import { roomPath } from "../shell/route.svelte"
import { copy, toast } from "../shell/toast.svelte"
import { reads } from "../state"
import type { RoomView } from "../rooms/view.svelte"

interface Moves {
  toPresent(): Promise<void>
  toUnread(): Promise<void>
}

export function streamKeys(view: RoomView, box: () => HTMLElement, { toPresent, toUnread }: Moves) {
  const articles = () => [...box().querySelectorAll<HTMLElement>("article")]
  const current = () => document.activeElement?.closest<HTMLElement>("article") ?? null

  function step(by: 1 | -1): void {
    const all = articles()
    const here = current()
    const { top, bottom } = box().getBoundingClientRect()
    const from = here
      ? all.indexOf(here) + by
      : by > 0
        ? all.findIndex((article) => article.getBoundingClientRect().top >= top)
        : all.findLastIndex((article) => article.getBoundingClientRect().bottom <= bottom)
    const next = all[Math.max(0, Math.min(from, all.length - 1))]
    next?.focus({ preventScroll: true })
    next?.scrollIntoView({ block: "nearest" })
  }

  const seq = () => Number(current()?.closest<HTMLElement>("[data-seq]")?.dataset["seq"])
  const row = () => view.room.stream.rows.find((one) => one.seq === seq())
  const tool = (key: string) => () => current()?.querySelector<HTMLElement>(`[data-key="${key}"]`)?.click()

  return {
    j: () => step(1),
    k: () => step(-1),
    u: () => void toUnread().catch(toast.refusal),
    End: () => void toPresent(),
    e: tool("e"),
    r: tool("r"),
    ".": tool("."),
    c: () => {
      if (seq()) void copy(location.origin + roomPath(view.room.id, seq()), "Link")
    },
    p: () => {
      const at = row()
      if (at && view.mayPin(at)) view.dialog = { is: "pin", row: at }
    },
    Delete: () => {
      const at = row()
      if (at && view.mayRemove(at)) view.dialog = { is: "remove", row: at }
    },
    "Shift+Escape": () => {
      const undo = reads.markRoom(view.room)
      toast.say(`${view.room.title} marked as read.`, { word: "Undo", do: undo })
    },
  }
}
