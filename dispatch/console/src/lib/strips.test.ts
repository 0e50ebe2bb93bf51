import { describe, expect, test } from "vitest";

import type { Heard, HeardAround, Version } from "./api";
import { travelMs } from "./sound";
import { agreement, changeOf, originOf, strips } from "./strips";

const AIR = { speed_ms: 340, wind_east_ms: 3, wind_north_ms: 0 };
const PLACE = { x: 120, y: 80, z: 1.5 };
const MIRROR = { x: -120, y: 80 };
const FIRED_MS = 1_000_000;
const nodes = { a: { x: 0, y: 0, z: 10 }, b: { x: 300, y: 0, z: 12 }, c: { x: 150, y: 250, z: 20 } };

const hears = (node: keyof typeof nodes, id: string, late_ms: number): Heard => ({
  ...nodes[node],
  id,
  node,
  time_ms: FIRED_MS + travelMs(PLACE, nodes[node], AIR) + late_ms,
  snr_db: 20,
  azimuth_deg: null,
  shock_lead_ms: null,
  label: "gunshot",
  probability: 0.9,
  again: false,
});
const fit = (arrival: string, residual_ms: number, refused = "") => ({ arrival, residual_ms, refused });
const version = (number: number, more: Partial<Version> = {}): Version => ({
  shot: "s",
  version: number,
  time_ms: FIRED_MS,
  x: PLACE.x,
  y: PLACE.y,
  ellipse: { semi_major_m: 9, semi_minor_m: 5, azimuth_deg: 0, level: 0.9 },
  also: [MIRROR],
  label: "gunshot",
  probability: 0.8,
  recorded_ms: FIRED_MS + 900,
  used: 3,
  preferred: number === 2,
  ...more,
});
const around: HeardAround = {
  air: AIR,
  arrivals: [hears("a", "a1", 2), hears("a", "echo", 170), hears("b", "b1", -1), hears("c", "c1", 40), hears("c", "far", 900)],
  versions: [
    { shot: "s", version: 1, z: 1.5, fits: [fit("a1", 2), fit("b1", -1)] },
    { shot: "s", version: 2, z: 1.5, fits: [fit("a1", 2), fit("b1", -1), fit("c1", 40, "+40 ms off")] },
  ],
};

describe("strips from a place", () => {
  const origin = originOf(version(2), null, around)!;
  const rows = strips(origin, around);
  test("line up what was fired there, and leave its echo behind by its own delay", () => {
    const a = rows.find((r) => r.node === "a")!;
    expect(a.marks.map((m) => [m.use, Math.round(m.late_ms)])).toEqual([["used", 2], ["none", 170]]);
    expect(a.main?.heard.id).toBe("a1");
  });
  test("say why one was left out, and leave what came much later to itself", () => {
    const c = rows.find((r) => r.node === "c")!;
    expect([c.refused, c.marks.length]).toEqual(["+40 ms off", 1]);
  });
  test("begin with the nearest node", () => {
    expect(rows.map((r) => r.node)).toEqual(["a", "c", "b"]);
  });
});

test("from the other place the time is the one that its arrivals agree on, and they fit it worse", () => {
  const there = originOf(version(2), 0, around)!;
  const here = originOf(version(2), null, around)!;
  expect(agreement(here.fits.values())).toBeCloseTo(Math.sqrt(2.5), 6);
  expect(agreement(there.fits.values())).toBeGreaterThan(100);
  const late = strips(there, around).flatMap((s) => s.marks.filter((m) => m.use === "used").map((m) => m.late_ms));
  expect(late.filter((ms) => Math.abs(ms) < 1e-6)).toHaveLength(1); // the median one itself
});

test("a place that no version names is none", () => {
  expect(originOf(version(2), 1, around)).toBeNull();
});

test("a version tells what it changed", () => {
  const moved = changeOf(version(2), version(1, { x: 117, y: 76, label: "firework" }), around);
  expect(moved).toMatchObject({ moved_m: 5, joined: [], left: [], label: "gunshot" });
  const joined = { ...around, versions: [around.versions[0]!, { ...around.versions[1]!, fits: [fit("a1", 0), fit("c1", 0)] }] };
  expect(changeOf(version(2), version(1), joined)).toMatchObject({ joined: ["c"], left: ["b"], label: null });
});
