// Theme: as the system has it, or pinned on this device.

export type Theme = "system" | "light" | "dark"

class Themes {
  current = $state<Theme>((document.documentElement.dataset["theme"] as Theme | undefined) ?? "system")

  set(theme: Theme): void {
    this.current = theme
    const root = document.documentElement
    if (theme === "system") delete root.dataset["theme"]
    else root.dataset["theme"] = theme
    try {
      if (theme === "system") localStorage.removeItem("theme")
      else localStorage.setItem("theme", theme)
    } catch {
      // Storage is forbidden: pinned for as long as the page lives.
    }
  }

  /** Turn to the other of light and dark. */
  flip(): void {
    const dark = this.current === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : this.current === "dark"
    this.set(dark ? "light" : "dark")
  }
}

export const theme = new Themes()
