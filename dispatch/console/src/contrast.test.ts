// What decides stands at 7:1 or better on its ground, by night and by day (WCAG's relative luminance).
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

const css = readFileSync(new URL("./app.css", import.meta.url), "utf8");
const themes = { day: 0, night: 1 };

function colour(name: string, theme: keyof typeof themes): string {
  const value = new RegExp(`--${name}: ([^;]+);`).exec(css)?.[1] ?? "";
  const found = [...value.matchAll(/#[0-9a-f]{6}/g)].map(String);
  return found[found.length === 1 ? 0 : themes[theme]] ?? "";
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

for (const theme of Object.keys(themes) as (keyof typeof themes)[]) {
  test.each([
    ["text", "ground"],
    ["text", "raised"],
    ["quiet", "ground"],
    ["quiet", "raised"],
    ["text", "inside"],
    ["quiet", "plan"],
    ["on-accent", "accent"],
    ["bad", "raised"],
    ["bad", "ground"],
    ["good", "raised"],
  ])(`${theme}: %s on %s`, (ink, ground) => {
    expect(contrast(colour(ink, theme), colour(ground, theme))).toBeGreaterThanOrEqual(7);
  });
  // marks on the map are shapes: 4.5:1 is half as much again as WCAG asks of graphics
  test.each(["accent-line", "good", "poor", "bad"])(`${theme}: %s on the map`, (ink) => {
    expect(contrast(colour(ink, theme), colour("inside", theme))).toBeGreaterThanOrEqual(4.5);
  });
}
