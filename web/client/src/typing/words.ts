// Words: who is typing, as a sentence that names at most two.

export function typingWords(names: readonly string[]): string {
  const [first, second] = names
  if (!first) return ""
  if (!second) return `${first} is typing`
  if (names.length === 2) return `${first} and ${second} are typing`
  const others = names.length - 2
  return `${first}, ${second} and ${others} ${others === 1 ? "other" : "others"} are typing`
}
