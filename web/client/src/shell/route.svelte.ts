// Route: which place the address names. Links are ordinary ones; a plain click on our own stays in the page.

export type Place =
  | { is: "rooms" }
  | { is: "you" }
  | { is: "sign-in" }
  | { is: "room"; room: string; at: number | undefined }

export function placeOf(path: string): Place {
  const [, first = "", room = "", at = ""] = path.split("/")
  if (first === "r" && room) {
    const seq = /^\d+$/.test(at) ? Number(at) : undefined
    return { is: "room", room: decodeURIComponent(room), at: seq }
  }
  return first === "you" || first === "sign-in" ? { is: first } : { is: "rooms" }
}

export const roomPath = (room: string, seq?: number): string =>
  `/r/${encodeURIComponent(room)}${seq === undefined ? "" : `/${seq}`}`

class Route {
  /** A new object on each visit, so that going to where one is counts as going there. */
  place = $state.raw<Place>(placeOf(location.pathname))
  /** Where to go after signing in. */
  wanted = "/"

  constructor() {
    addEventListener("popstate", () => (this.place = placeOf(location.pathname)))
  }

  go(path: string, { replace = false } = {}): void {
    if (replace || path === location.pathname) history.replaceState(null, "", path)
    else history.pushState(null, "", path)
    this.place = placeOf(path)
  }

  /** Follow a click on a link of ours without loading the page anew. */
  follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element | null)?.closest?.("a")
    if (!link || link.target || link.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return
    event.preventDefault()
    this.go(link.pathname)
  }
}

export const route = new Route()
