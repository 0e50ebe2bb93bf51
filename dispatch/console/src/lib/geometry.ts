// Plane geometry of the network, in metres east and north.
import type { Place } from "./api";

export const distance = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y);

/** Degrees clockwise from north, 0 to 360, from one place to another. */
export const azimuth = (from: Place, to: Place): number =>
  ((Math.atan2(to.x - from.x, to.y - from.y) * 180) / Math.PI + 360) % 360;

/** Which of the eight quarters of the compass an azimuth is in; 0 is north, 2 east. */
export const quarter = (degrees: number): number => Math.round((((degrees % 360) + 360) % 360) / 45) % 8;

export function nearest<T extends Place>(place: Place, among: readonly T[]): T | null {
  let best: T | null = null;
  for (const one of among) if (best === null || distance(place, one) < distance(place, best)) best = one;
  return best;
}

/** How far apart the places are: the median distance to the nearest neighbour. */
export function spread(places: readonly Place[]): number {
  const gaps = places.map((p) => Math.min(...places.filter((q) => q !== p).map((q) => distance(p, q))));
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? Infinity;
}

/** The convex hull, anticlockwise (Andrew's monotone chain). */
export function hull(places: readonly Place[]): Place[] {
  const sorted = [...places].sort((a, b) => a.x - b.x || a.y - b.y);
  if (sorted.length < 3) return sorted;
  const half = (points: Place[]): Place[] => {
    const chain: Place[] = [];
    for (const p of points) {
      while (chain.length > 1 && turn(chain[chain.length - 2]!, chain[chain.length - 1]!, p) <= 0) chain.pop();
      chain.push(p);
    }
    chain.pop();
    return chain;
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const turn = (a: Place, b: Place, c: Place): number => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
