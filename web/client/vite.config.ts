// The build: one page of hashed assets into ../static; in development, a proxy to a server on port 8000.

import { svelte } from "@sveltejs/vite-plugin-svelte"
import { defineConfig } from "vitest/config"

const server = "http://127.0.0.1:8000"

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2023",
    // Everything is a file of our own origin: the CSP allows no data: script or style.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": server,
      "/files": server,
      "/ws": { target: server.replace("http", "ws"), ws: true },
    },
  },
  // Svelte's browser half, also under Node: the state modules are what the tests run.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  // One world for all files: to load the client anew for each took two thirds of the time.
  test: { include: ["src/**/*.test.ts"], environment: "./src/testing/environment.ts", pool: "threads", isolate: false },
}))
