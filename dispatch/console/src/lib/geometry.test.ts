import { expect, test } from "vitest";

import { azimuth, beside, hull, nearest, outline, quarter, spread } from "./geometry";

test("azimuths turn clockwise from north", () => {
  const here = { x: 0, y: 0 };
  expect([
    [0, 1],
    [1, 0],
    [0, -1],
    [-1, 0],
  ].map(([x, y]) => azimuth(here, { x: x!, y: y! }))).toEqual([0, 90, 180, 270]);
});

test("a quarter is the nearest of eight", () => {
  expect([0, 22, 23, 90, 181, 338, 359, -45].map(quarter)).toEqual([0, 0, 1, 2, 4, 0, 0, 7]);
});

test("the hull leaves out what is inside", () => {
  const square = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 4 }, { x: 0, y: 4 }];
  const found = hull([...square, { x: 2, y: 2 }, { x: 1, y: 3 }, { x: 2, y: 0 }]);
  expect(found).toHaveLength(4);
  expect(found).toEqual(expect.arrayContaining(square));
});

test("the nearest of none is none", () => {
  expect(nearest({ x: 0, y: 0 }, [])).toBeNull();
  expect(nearest({ x: 9, y: 0 }, [{ x: 0, y: 0 }, { x: 10, y: 0 }])).toEqual({ x: 10, y: 0 });
});

test("nodes are as far apart as their neighbours are, and one alone has room", () => {
  expect(spread([{ x: 0, y: 0 }, { x: 3, y: 0 }, { x: 6, y: 0 }])).toBe(3);
  expect(spread([{ x: 0, y: 0 }])).toBe(Infinity);
});

test("an outline is closed and reaches its major axis at its azimuth", () => {
  const ring = outline({ x: 10, y: 20 }, { semi_major_m: 8, semi_minor_m: 2, azimuth_deg: 90, level: 0.9 });
  expect(ring[0]!.x).toBeCloseTo(18);
  expect(ring[0]!.y).toBeCloseTo(20);
  expect(ring.at(-1)!.x).toBeCloseTo(ring[0]!.x);
  expect(Math.max(...ring.map((p) => p.y))).toBeCloseTo(22);
});

// pymap3d.enu2geodetic(100, 100, 0, 44.84, -0.58, 0)
const REFERENCE = { lat: 44.84089985, lon: -0.57873521 };

test("metres beside a point are the geodesist's", () => {
  const at = beside({ lat: 44.84, lon: -0.58 }, 100, 100);
  expect(at.lat).toBeCloseTo(REFERENCE.lat, 7);
  expect(at.lon).toBeCloseTo(REFERENCE.lon, 7);
});
