import { describe, expect, test } from "vitest";

import { curve, travelMs, type Point } from "./sound";

const STILL = { speed_ms: 340, wind_east_ms: 0, wind_north_ms: 0 };
const BREEZE = { speed_ms: 340, wind_east_ms: 6, wind_north_ms: -3 };
const at = (x: number, y: number, z = 0): Point => ({ x, y, z });

describe("the time that sound takes", () => {
  test("is the distance over the speed where no wind blows", () => {
    expect(travelMs(at(0, 0, 0), at(300, 400, 0), STILL)).toBeCloseTo(500_000 / 340, 6);
    expect(travelMs(at(0, 0, 0), at(0, 0, 34), STILL)).toBeCloseTo(100, 6);
  });
  test("is shorter with the wind than against it", () => {
    expect(travelMs(at(0, 0), at(346, 0), { ...STILL, wind_east_ms: 6 })).toBeCloseTo(1000, 6);
    expect(travelMs(at(346, 0), at(0, 0), { ...STILL, wind_east_ms: 6 })).toBeCloseTo(346_000 / 334, 6);
  });
});

describe("the curve of a difference in time", () => {
  const [a, b] = [at(0, 0, 12), at(200, 50, 30)];
  test.each([
    ["still air", STILL],
    ["wind", BREEZE],
  ])("holds only places that give this very difference, in %s", (_, air) => {
    for (const later of [-300, -40, 0, 120]) {
      const places = curve(a, b, later, 1.5, air, 800);
      expect(places).toHaveLength(65);
      for (const p of places) {
        const source = { ...p, z: 1.5 };
        expect(travelMs(source, a, air) - travelMs(source, b, air)).toBeCloseTo(later, 3);
      }
    }
  });
  test("goes through the place where the sound was", () => {
    const source = at(70, 260, 1.5);
    const later = travelMs(source, a, BREEZE) - travelMs(source, b, BREEZE);
    const places = curve(a, b, later, 1.5, BREEZE, 800);
    const gaps = places.slice(1).map((p, i) => toSegment(source, places[i]!, p));
    expect(Math.min(...gaps)).toBeLessThan(1);
  });
  test("is empty where no place can give it", () => {
    expect(curve(a, b, 900, 1.5, STILL, 800)).toEqual([]);
    expect(curve(a, a, 0, 1.5, STILL, 800)).toEqual([]);
  });
});

function toSegment(p: Point, a: { x: number; y: number }, b: { x: number; y: number }): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const part = Math.min(Math.max(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx ** 2 + dy ** 2), 0), 1);
  return Math.hypot(p.x - a.x - part * dx, p.y - a.y - part * dy);
}
