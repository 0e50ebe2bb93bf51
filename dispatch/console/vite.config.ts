import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { budget } from "./budget";

export default defineConfig({
  plugins: [svelte(), budget()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200, // MapLibre, which is loaded only where there are tiles to draw
  },
  // in development the page's API is a centre's, started beside it
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { include: ["src/**/*.test.ts"] },
});
