// What each node heard, set against the moment at which sound from a place would have reached it: what truly came from
// there stands in one line, echoes and other sounds do not.
import type { Air, Fit, Heard, HeardAround, IncidentDetail, Place, Version } from "./api";
import { distance } from "./geometry";
import { travelMs, type Point } from "./sound";

/** A place that a shot may have been fired at: of one version, or beside its newest one. */
export interface Origin extends Point {
  shot: string;
  version: number;
  /** Which of the version's other places; null for the version's own. */
  other: number | null;
  time_ms: number;
  fits: ReadonlyMap<string, Fit>;
}

export type Use = "used" | "refused" | "none";

export interface Mark {
  heard: Heard;
  /** How much later it came than sound from the place would; below zero earlier. */
  late_ms: number;
  use: Use;
}

export interface Strip {
  node: string;
  metres: number;
  marks: Mark[];
  /** The arrival that the place rests on, or that was left out of it. */
  main: Mark | null;
  refused: string;
}

export const BEFORE_MS = 250;
export const AFTER_MS = 750;

const fitsOf = (around: HeardAround, shot: string, version: number): { z: number; fits: Map<string, Fit> } => {
  const found = around.versions.find((v) => v.shot === shot && v.version === version);
  return { z: found?.z ?? 0, fits: new Map((found?.fits ?? []).map((fit) => [fit.arrival, fit])) };
};

/** A version's own place, or another one that it says fits nearly as well. */
export function originOf(version: Version, other: number | null, around: HeardAround): Origin | null {
  const { z, fits } = fitsOf(around, version.shot, version.version);
  const base = { shot: version.shot, version: version.version, other, z };
  if (other === null) return { ...base, x: version.x, y: version.y, time_ms: version.time_ms, fits };
  const place = version.also[other];
  return place === undefined ? null : elsewhere(place, base, fits, around);
}

/** The other place: when it would have been fired there is what most of the arrivals agree on. */
function elsewhere(place: Place, base: Omit<Origin, "x" | "y" | "time_ms" | "fits">, fits: Map<string, Fit>, around: HeardAround): Origin {
  const there = { x: place.x, y: place.y, z: base.z };
  const began = around.arrivals
    .filter((a) => fits.get(a.id)?.refused === "")
    .map((a) => a.time_ms - travelMs(there, a, around.air))
    .sort((a, b) => a - b);
  const time_ms = began[began.length >> 1] ?? 0;
  const late = new Map(
    around.arrivals.flatMap((a): [string, Fit][] => {
      const fit = fits.get(a.id);
      return fit === undefined ? [] : [[a.id, { ...fit, residual_ms: a.time_ms - time_ms - travelMs(there, a, around.air) }]];
    }),
  );
  return { ...base, ...there, time_ms, fits: late };
}

/** How well the arrivals that a place rests on agree about it: their root mean square, in milliseconds. */
export function agreement(fits: Iterable<Fit>): number | null {
  const used = [...fits].filter((fit) => fit.refused === "");
  return used.length === 0 ? null : Math.sqrt(used.reduce((sum, fit) => sum + fit.residual_ms ** 2, 0) / used.length);
}

/** One strip for each node that heard anything near that time, the nearest node first. */
export function strips(origin: Origin, around: HeardAround): Strip[] {
  const byNode = new Map<string, Mark[]>();
  for (const heard of around.arrivals) {
    const mark = markOf(heard, origin, around.air);
    if (mark.use === "none" && (mark.late_ms < -BEFORE_MS || mark.late_ms > AFTER_MS)) continue;
    byNode.set(heard.node, [...(byNode.get(heard.node) ?? []), mark]);
  }
  return [...byNode]
    .map(([node, marks]) => {
      const main = marks.find((m) => m.use === "used") ?? marks.find((m) => m.use === "refused") ?? null;
      const refused = main === null ? "" : (origin.fits.get(main.heard.id)?.refused ?? "");
      return { node, metres: distance(marks[0]!.heard, origin), marks, main, refused };
    })
    .sort((a, b) => a.metres - b.metres);
}

function markOf(heard: Heard, origin: Origin, air: Air): Mark {
  const fit = origin.fits.get(heard.id);
  if (fit === undefined) return { heard, late_ms: heard.time_ms - origin.time_ms - travelMs(origin, heard, air), use: "none" };
  return { heard, late_ms: fit.residual_ms, use: fit.refused === "" ? "used" : "refused" };
}

/** What a version changed against the one before it. */
export interface Change {
  moved_m: number;
  from: Place;
  joined: string[];
  left: string[];
  label: string | null;
}

export function changeOf(now: Version, before: Version, around: HeardAround | null): Change {
  const nodes = (v: Version): Set<string> => {
    if (around === null) return new Set();
    const used = new Set([...fitsOf(around, v.shot, v.version).fits.values()].filter((f) => f.refused === "").map((f) => f.arrival));
    return new Set(around.arrivals.filter((a) => used.has(a.id)).map((a) => a.node));
  };
  const [had, has] = [nodes(before), nodes(now)];
  return {
    moved_m: distance(now, before),
    from: before,
    joined: [...has].filter((n) => !had.has(n)),
    left: [...had].filter((n) => !has.has(n)),
    label: now.label === before.label ? null : now.label,
  };
}

/** The rounds of an event with their versions, in the order in which they were fired. */
export function rounds(detail: IncidentDetail): { shot: string; versions: Version[] }[] {
  return detail.shots.map(({ key }) => ({ shot: key, versions: detail.versions.filter((v) => v.shot === key) }));
}
