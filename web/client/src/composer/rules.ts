// Rules: how much one may write.

export const LIMIT = 10_000 // characters a message may have
export const WARN = 9_500 // characters from which what is left is told

export const over = (length: number): string => {
  const extra = length - LIMIT
  return `${extra.toLocaleString()} ${extra === 1 ? "character" : "characters"} over the limit of ${LIMIT.toLocaleString()}`
}
