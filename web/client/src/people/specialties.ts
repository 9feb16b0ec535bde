// Specialties: the colour, the icon and the words of one.

const HUES = ["cardiology", "emergency", "infectious", "internal", "neurology", "obstetrics", "paediatrics", "pharmacy", "radiology", "rheumatology"]

/** Icons by what a room's id begins with or contains. */
const ICONS: [RegExp, string][] = [
  [/cardio/, "heart-pulse"],
  [/emergency|acute/, "siren"],
  [/infect|microbio/, "bug"],
  [/internal|general|medicine/, "stethoscope"],
  [/neuro|psych/, "brain"],
  [/obstet|paed|pedia|neonat/, "baby"],
  [/radio|imaging/, "scan"],
  [/safety|alert|news/, "newspaper"],
  [/mess|lounge|coffee|off-topic/, "coffee"],
  [/pharm|drug|toxic/, "pill"],
  [/critical|intensive|icu|anaesth/, "activity"],
  [/ethic|law/, "scale"],
]

/** The name under which tokens know a specialty's hue; any other gets the default one. */
export function hueOf(specialty: string | null | undefined): string {
  const name = (specialty ?? "").toLowerCase().replace("pediatric", "paediatric")
  return HUES.find((hue) => name.includes(hue)) ?? "other"
}

export const roomIcon = (room: string, isPrivate = false): string =>
  ICONS.find(([pattern]) => pattern.test(room))?.[1] ?? (isPrivate ? "lock" : "messages-square")

/** "internal_medicine" as words: "Internal medicine". */
export function specialtyWords(specialty: string): string {
  const words = specialty.replace(/[_-]+/g, " ")
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Two characters as a reader sees them, not as UTF-16 counts them. */
export const letters = (name: string | undefined): string => [...(name ?? "")].slice(0, 2).join("")
