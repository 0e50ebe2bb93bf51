import { expect, test } from "vitest";

import { azimuth, hull, nearest, quarter, spread } from "./geometry";

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
