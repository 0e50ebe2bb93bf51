import { expect, test } from "vitest";

import type { Incident } from "./api";
import { around, bar, halfBox, marks, panned, surroundings, toMetres, toPixels, zoomed, type Screen } from "./view";

const screen: Screen = { view: { x: 100, y: 50, scale: 0.5 }, width: 800, height: 600 };

test("north is up, and pixels come back as metres", () => {
  expect(toPixels(screen, { x: 100, y: 50 })).toEqual({ x: 400, y: 300 });
  expect(toPixels(screen, { x: 100, y: 60 }).y).toBe(280);
  expect(toMetres(screen, toPixels(screen, { x: 7, y: -3 }))).toEqual({ x: 7, y: -3 });
});

test("a drag takes the ground along", () => {
  const view = panned(screen, 20, 10);
  expect(toPixels({ ...screen, view }, { x: 100, y: 50 })).toEqual({ x: 420, y: 310 });
});

test("what is under the pointer stays there", () => {
  const pixel = { x: 123, y: 456 };
  const before = toMetres(screen, pixel);
  const after = toMetres({ ...screen, view: zoomed(screen, 0.3, pixel) }, pixel);
  expect(after.x).toBeCloseTo(before.x);
  expect(after.y).toBeCloseTo(before.y);
});

test("everything is in sight, one node alone and none too", () => {
  const places = [{ x: -500, y: 0 }, { x: 500, y: 90 }];
  const view = around(places, 800, 600);
  for (const p of places) {
    const at = toPixels({ view, width: 800, height: 600 }, p);
    expect(at.x).toBeGreaterThanOrEqual(69);
    expect(at.x).toBeLessThanOrEqual(731);
  }
  expect(around([{ x: 5, y: 6 }], 800, 600).scale).toBeGreaterThan(0);
  expect(around([], 800, 600)).toEqual({ x: 0, y: 0, scale: 1 });
});

test("the scale bar has a round length and fits", () => {
  expect(bar(0.5, 140)).toEqual([50, 100]);
  for (const scale of [0.02, 0.13, 0.5, 3, 77, 500]) {
    const [metres, pixels] = bar(scale, 140);
    expect(String(metres)).toMatch(/^(0\.0*)?[125]0*$/);
    expect(pixels).toBeLessThanOrEqual(140);
  }
});

test("an ellipse's box turns with it", () => {
  const flat = { semi_major_m: 10, semi_minor_m: 2, level: 0.9 };
  expect(halfBox({ ...flat, azimuth_deg: 0 })).toEqual([2, 10]);
  expect(halfBox({ ...flat, azimuth_deg: 90 })[0]).toBeCloseTo(10);
});

test("grid lines are multiples", () => {
  expect(marks(-120, 130, 50)).toEqual([-100, -50, 0, 50, 100]);
  expect(marks(1, 9, 50)).toEqual([]);
});

test("an event is in the middle, with its nearest nodes in sight and its whole ellipse", () => {
  const event = { x: 300, y: -40, also: [], ellipse: { semi_major_m: 90, semi_minor_m: 10, azimuth_deg: 90, level: 0.9 } } as unknown as Incident;
  const near = [0, 1, 2, 3, 4].map((n) => ({ x: 320 + 60 * n, y: -100 }));
  const view = surroundings(event, [...near, { x: 90_000, y: 0 }], 800, 600);
  expect([view.x, view.y]).toEqual([300, -40]);
  for (const p of [...near, { x: 210, y: -40 }, { x: 390, y: -40 }]) {
    const at = toPixels({ view, width: 800, height: 600 }, p);
    expect(at.x).toBeGreaterThanOrEqual(0);
    expect(at.x).toBeLessThanOrEqual(800);
  }
  expect(view.scale).toBeLessThan(2);
});
