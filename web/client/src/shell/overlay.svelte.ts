// Overlay: which of the page's own dialogs is open; at most one.

export const overlay = $state<{ open: "switcher" | "shortcuts" | "create" | null }>({ open: null })
