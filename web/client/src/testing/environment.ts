// Environment: Node without a document, but with Svelte compiled for the browser, so that effects run in tests.

import type { Environment } from "vitest/runtime"

export default {
  name: "browserless",
  viteEnvironment: "client",
  setup: () => ({ teardown: () => {} }),
} satisfies Environment
