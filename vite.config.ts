import { defineConfig } from "vite";

/** The pages, built into dist/ui and served from there by `pipeline server start`. */
// biome-ignore lint/style/noDefaultExport: vite asks for one
export default defineConfig({
  root: "src/web/ui",
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../../dist/ui",
    emptyOutDir: true,
    // A strict content security policy takes no inline scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  worker: { format: "es" },
});
