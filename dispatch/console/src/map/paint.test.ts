import { describe, expect, test } from "vitest";

import type { History } from "../lib/api";
import { densityOf, pastAt } from "./paint";

const past: History = {
  number: [4, 3, 2, 1],
  x: [1, 5, 5, 400],
  y: [1, 5, 6, -20],
  time_ms: [4, 3, 2, 1],
  label: ["gunshot", "gunshot", "firework", "gunshot"],
  more: false,
};

describe("the density of the past", () => {
  test("counts gunshots and nothing else, in cells that do not move with the map", () => {
    const { side_m, most, cells } = densityOf(past, 1);
    expect(side_m).toBe(32);
    expect(most).toBe(2);
    expect(cells).toEqual([
      { x: 0, y: 0, count: 2 },
      { x: 384, y: -32, count: 1 },
    ]);
  });
  test("of nothing is nothing", () => {
    expect(densityOf({ number: [], x: [], y: [], time_ms: [], label: [], more: false }, 1)).toMatchObject({ most: 0, cells: [] });
  });
});

test("the dot under the hand is the nearest one", () => {
  const screen = { view: { x: 0, y: 0, scale: 1 }, width: 200, height: 200 };
  expect(pastAt(past, screen, { x: 104, y: 94 }, 8)).toBe(2);
  expect(pastAt(past, screen, { x: 101, y: 99 }, 8)).toBe(0);
  expect(pastAt(past, screen, { x: 150, y: 150 }, 8)).toBe(-1);
});
