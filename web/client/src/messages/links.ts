// Links: a message's text as runs of plain text, of http and https addresses, and of signs that would turn it round.
// Nothing of it is ever HTML.

export interface Run {
  text: string
  href?: string
  /** Whether it is a sign that turns round the order of all that follows: with one, "05 mg" reads "gm 50". */
  turns?: boolean
}

const TURNS = /([\u202d\u202e])/
const ADDRESS = /\bhttps?:\/\/[^\s<>"\u202d\u202e]+/gi

/** What ends a sentence is not the address's; a closing bracket is, where the address opened one. */
function trimmed(address: string): string {
  let end = address.replace(/[.,;:!?'’”»]+$/u, "")
  while (end.endsWith(")") && end.split("(").length < end.split(")").length) end = end.slice(0, -1)
  return end
}

export function runsOf(text: string): Run[] {
  const runs: Run[] = []
  let from = 0
  for (const found of text.matchAll(ADDRESS)) {
    const href = trimmed(found[0])
    if (!URL.canParse(href)) continue
    runs.push(...plain(text.slice(from, found.index)))
    runs.push({ text: href, href })
    from = found.index + href.length
  }
  return [...runs, ...plain(text.slice(from))]
}

const plain = (text: string): Run[] =>
  text.split(TURNS).flatMap((part) => (TURNS.test(part) ? { text: part, turns: true } : part ? { text: part } : []))
