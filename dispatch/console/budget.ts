// A step of the build: packs what is text, so that the centre sends it packed, and fails where the page grew too large.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Plugin } from "vite";

/** Kilobytes packed: what every visit loads, and what tiles load besides, where there are any. */
const BUDGET_KB = { first: 140, tiles: 480 };
const TEXT = /\.(js|mjs|css|svg)$/;
const OF_TILES = /(Tiles|maplibre)/;
const LATER = /Pages/; // loaded when one of them is opened

export function budget(): Plugin {
  return {
    name: "budget",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      const kilobytes = { first: 0, tiles: 0 };
      for (const name of Object.keys(bundle)) {
        const plain = readFileSync(join(dir, name)); // as it was written: Vite changes it until then
        const packed = TEXT.test(name) ? gzipSync(plain, { level: 9 }) : plain;
        if (TEXT.test(name)) writeFileSync(join(dir, `${name}.gz`), packed);
        if (name.endsWith(".woff") || LATER.test(name)) continue; // .woff: for browsers that know no .woff2
        kilobytes[OF_TILES.test(name) ? "tiles" : "first"] += packed.length / 1024;
      }
      for (const part of ["first", "tiles"] as const) {
        if (kilobytes[part] <= BUDGET_KB[part]) continue;
        this.error(`the page's part "${part}" is ${kilobytes[part].toFixed(0)} kB packed; expected at most ${BUDGET_KB[part]} (budget.ts)`);
      }
      this.info(`packed: ${kilobytes.first.toFixed(0)} kB at each first visit, ${kilobytes.tiles.toFixed(0)} kB more for tiles`);
    },
  };
}
