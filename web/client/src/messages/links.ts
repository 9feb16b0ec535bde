// Links: a message's text as runs of plain text and of http and https addresses. Nothing of it is ever HTML.

export interface Run {
  text: string
  href?: string
}

// Not with a sign in it that turns text round (signs.ts): the address that is read would not be the one that is opened.
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
    if (found.index > from) runs.push({ text: text.slice(from, found.index) })
    runs.push({ text: href, href })
    from = found.index + href.length
  }
  if (from < text.length) runs.push({ text: text.slice(from) })
  return runs
}
