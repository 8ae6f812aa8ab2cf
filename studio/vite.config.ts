import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The built page is committed and shipped in the wheel, so its files keep their names: a browser asks again by ETag.
export default defineConfig({
  base: "./", // any path prefix
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { proxy: Object.fromEntries(["/api", "/files", "/explore", "/published"].map((path) => [path, "http://127.0.0.1:7871"])) },
  build: {
    outDir: fileURLToPath(new URL("../src/ganvas/studio/static", import.meta.url)),
    emptyOutDir: true,
    sourcemap: false,
    modulePreload: false,
    assetsInlineLimit: 0, // the policy of the page allows no data: addresses but for pictures
    rolldownOptions: {
      output: {
        entryFileNames: "studio.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], isolate: false },
});
