import { expect, test } from "vitest";

import { around, asText, asZone, holds, type Ring } from "./zone";

const SQUARE: Ring = [[0, 0], [100, 0], [100, 100], [0, 100]];
const HOLE: Ring = [[40, 40], [60, 40], [60, 60], [40, 60]];

test("what is written is what is read", () => {
  expect(asZone(asText([SQUARE, HOLE]))).toEqual([SQUARE, HOLE]);
});

test("a line that is no corner, and an outline of two, are none", () => {
  for (const text of ["", "0, 0\n1, 1", "0, 0\n1, 1\n2", "0, 0\n1, a\n2, 2", "0, 0\n1, \n2, 2", "0,0\n9,0\n9,9\n\n1,1\n2,2"]) expect(asZone(text)).toBeNull();
});

test("an outline in another is a hole", () => {
  expect([{ x: 20, y: 20 }, { x: 50, y: 50 }, { x: 120, y: 50 }].map((at) => holds([SQUARE, HOLE], at))).toEqual([true, false, false]);
});

test("the outline around nodes holds each, and what is within the margin", () => {
  const zone = around([{ x: 0, y: 0 }, { x: 300, y: 0 }, { x: 0, y: 300 }], 50);
  expect(holds(zone, { x: 300, y: 0 })).toBe(true);
  expect(holds(zone, { x: 340, y: 0 })).toBe(true);
  expect(holds(zone, { x: 360, y: 0 })).toBe(false);
  expect(holds(around([{ x: 5, y: 5 }], 50), { x: 5, y: 45 })).toBe(true);
});
