// Signs: characters that are not seen and turn round the order of all that follows: with one, "05 mg" reads "gm 50".

const TURNS = /([\u202d\u202e])/

export interface Part {
  text: string
  turns: boolean
}

/** A text as runs of what is plain, and of single signs. */
export const partsOf = (text: string): Part[] =>
  text
    .split(TURNS)
    .filter(Boolean)
    .map((part) => ({ text: part, turns: TURNS.test(part) }))
