import { defineConfig } from "vite";

// Relative addresses, because the same files are served below /demo/chatroom/ by Hearth and at the
// root by `npm run dev`. No inlined assets and no module-preload shim: the page must work under a
// Content-Security-Policy without 'unsafe-inline' and without data: scripts.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  server: { host: "127.0.0.1" },
});
