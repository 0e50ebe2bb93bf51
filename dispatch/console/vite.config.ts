import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  build: { target: "es2022", assetsInlineLimit: 0 },
  // in development the page's API is a centre's, started beside it
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
