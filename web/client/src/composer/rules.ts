// Rules: how much one may write.

export const WARN = 500 // characters; with so many left, they are told

export const over = (length: number, limit: number): string => {
  const extra = length - limit
  return `${extra.toLocaleString()} ${extra === 1 ? "character" : "characters"} over the limit of ${limit.toLocaleString()}`
}
