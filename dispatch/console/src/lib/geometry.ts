// Plane geometry of the network, in metres east and north, and the way from there to degrees.
import type { Ellipse, Globe, Place } from "./api";

const EQUATOR_M = 6378137; // WGS-84
const ECCENTRICITY2 = 6.69437999014e-3;

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

/** The outline of an ellipse about a place, as a closed ring. */
export function outline(middle: Place, e: Ellipse, steps = 72): Place[] {
  const along = (e.azimuth_deg * Math.PI) / 180;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = (2 * Math.PI * i) / steps;
    const [major, minor] = [e.semi_major_m * Math.cos(angle), e.semi_minor_m * Math.sin(angle)];
    return {
      x: middle.x + major * Math.sin(along) + minor * Math.cos(along),
      y: middle.y + major * Math.cos(along) - minor * Math.sin(along),
    };
  });
}

/** Degrees of what lies some metres east and north of a known point: for sizes of an ellipse, not of a city. */
export function beside(from: Globe, east: number, north: number): Globe {
  const lat = (from.lat * Math.PI) / 180;
  const w = Math.sqrt(1 - ECCENTRICITY2 * Math.sin(lat) ** 2);
  const meridian = (EQUATOR_M * (1 - ECCENTRICITY2)) / w ** 3;
  const parallel = (EQUATOR_M / w) * Math.cos(lat);
  return { lat: from.lat + (north / meridian) * (180 / Math.PI), lon: from.lon + (east / parallel) * (180 / Math.PI) };
}
