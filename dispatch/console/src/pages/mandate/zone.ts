// A mandate's zone: outlines of corners, metres east and north; as text, a corner a line and an empty line between two.
import type { Place } from "../../lib/api";
import { hull } from "../../lib/geometry";

export type Ring = [number, number][];

export const asText = (zone: readonly Ring[]): string => zone.map((ring) => ring.map(([x, y]) => `${Math.round(x)}, ${Math.round(y)}`).join("\n")).join("\n\n");

/** Null where a line is no corner, or an outline has fewer than three. */
export function asZone(text: string): Ring[] | null {
  const rings = text.trim().split(/\n\s*\n/).map((part) => part.trim().split("\n").map((line) => line.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)))));
  const good = rings.every((ring) => ring.length >= 3 && ring.every((corner) => corner.length === 2 && corner.every(Number.isFinite)));
  return good ? (rings as Ring[]) : null;
}

/** Whether a place lies in it: an outline within another is a hole. */
export function holds(zone: readonly Ring[], { x, y }: Place): boolean {
  let inside = false;
  for (const ring of zone) {
    ring.forEach(([ax, ay], i) => {
      const [bx, by] = ring[(i + 1) % ring.length] ?? [ax, ay];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    });
  }
  return inside;
}

/** The smallest outline that holds all places, and a margin around each. */
export function around(places: readonly Place[], margin_m: number): Ring[] {
  const [m, d] = [margin_m, margin_m * Math.SQRT1_2];
  const wide = places.flatMap(({ x, y }) => [[m, 0], [d, d], [0, m], [-d, d], [-m, 0], [-d, -d], [0, -m], [d, -d]].map(([dx, dy]) => ({ x: x + dx!, y: y + dy! })));
  return [hull(wide).map(({ x, y }) => [Math.round(x), Math.round(y)])];
}
