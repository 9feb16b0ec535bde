// Words: the clinical reactions, which read as peer opinion, and the emoji beside them.

export const CLINICAL: Record<string, { word: string; icon: string }> = {
  agree: { word: "Agree", icon: "thumbs-up" },
  useful: { word: "Useful", icon: "lightbulb" },
  seen: { word: "Seen this", icon: "eye" },
  evidence: { word: "Evidence?", icon: "scale" },
}

export const EMOJI: [string, string][] = [
  ["👍", "Thumbs up"],
  ["🙏", "Thanks"],
  ["❤️", "Heart"],
  ["😊", "Smile"],
  ["😂", "Laughing"],
  ["😮", "Surprised"],
  ["😢", "Sad"],
  ["👀", "Looking"],
  ["🎉", "Celebration"],
  ["💯", "Exactly"],
]

export const reactionWord = (emoji: string): string =>
  CLINICAL[emoji]?.word ?? EMOJI.find(([one]) => one === emoji)?.[1] ?? emoji
