// Svelte: runes everywhere, so that a file without them is an error and not the old syntax.

import { vitePreprocess } from "@sveltejs/vite-plugin-svelte"

export default {
  preprocess: vitePreprocess({ script: false }),
  compilerOptions: { runes: true },
}
