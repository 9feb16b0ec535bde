// Keys: one listener for the page's shortcuts; components lend it what they can do while they are on screen.

type Deed = (event: KeyboardEvent) => void

const deeds: Record<string, Deed>[] = []

export const isMac = /mac|iphone|ipad/i.test(navigator.userAgent)

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null

/** "Ctrl+k", "Alt+Shift+ArrowDown", "j", "?": Ctrl stands for Cmd as well, and Shift is left out of what it types. */
function nameOf(event: KeyboardEvent): string {
  const { key } = event
  const single = key.length === 1
  const parts = [
    event.ctrlKey || event.metaKey ? "Ctrl" : "",
    event.altKey ? "Alt" : "",
    event.shiftKey && !single ? "Shift" : "",
    single ? key.toLowerCase() : key,
  ]
  return parts.filter(Boolean).join("+")
}

/** Lend shortcuts; returns the end of it. The latest lender of a key has it. */
export function lend(shortcuts: Record<string, Deed>): () => void {
  deeds.unshift(shortcuts)
  return () => void deeds.splice(deeds.indexOf(shortcuts), 1)
}

export function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return
  const name = nameOf(event)
  const plain = !/^(Ctrl|Alt|Shift)\+|^F\d+$/.test(name)
  // A letter typed into a box is a letter; behind an open dialog or menu nothing is to happen.
  if (plain && isTyping(event.target)) return
  if (document.querySelector("dialog[open], [popover]:popover-open")) return
  const deed = deeds.find((shortcuts) => name in shortcuts)?.[name]
  if (!deed) return
  event.preventDefault()
  deed(event)
}

/** F6: from one region of the page to the next one that is on screen; in the composer, to where one writes. */
export function nextRegion(back: boolean): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter((region) => region.offsetParent)
  const here = regions.findLastIndex((region) => region.contains(document.activeElement))
  const step = back ? -1 : 1
  const next = regions.at((Math.max(here, back ? 0 : -1) + step) % regions.length)
  const box = next?.matches("form") ? next.querySelector<HTMLElement>("textarea:enabled") : null
  ;(box ?? next)?.focus()
}
