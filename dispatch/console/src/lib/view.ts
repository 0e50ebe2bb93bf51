// The plan's view: which metres are shown where. North is up; y on the screen grows downwards.
import type { Place } from "./api";

export interface View extends Place {
  /** Metres a pixel. */
  scale: number;
}

const NEAREST = 0.05;
const FURTHEST = 200;

/** A view that shows all places with a margin. */
export function around(places: Place[], width: number, height: number): View {
  if (places.length === 0) return { x: 0, y: 0, scale: 1 };
  const [xs, ys] = [places.map((p) => p.x), places.map((p) => p.y)];
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.max((east - west + 120) / Math.max(width, 1), (north - south + 120) / Math.max(height, 1), 0.2);
  return { x: (west + east) / 2, y: (south + north) / 2, scale };
}

export const clamped = (scale: number): number => Math.min(Math.max(scale, NEAREST), FURTHEST);

/** A scale bar of a round length, no wider than `widest` pixels: [metres, pixels]. */
export function bar(scale: number, widest: number): [number, number] {
  const most = scale * widest;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((m) => m * power).find((m) => m <= most) ?? power;
  return [metres, metres / scale];
}
