// The plan's view: which metres are shown where. North is up; y on the screen grows downwards.
import type { Ellipse, Incident, Place } from "./api";
import { distance } from "./geometry";

export interface View extends Place {
  /** Metres a pixel. */
  scale: number;
}

export interface Screen {
  view: View;
  width: number;
  height: number;
}

export interface Box {
  west: number;
  east: number;
  south: number;
  north: number;
}

const CLOSEST = 0.02;
const WIDEST = 500;
const MARGIN_PX = 70; // room for a node's name, the scale bar, the buttons
const NEIGHBOURS = 5; // a shot is shown with the nodes nearest to it

export const clamped = (scale: number): number => Math.min(Math.max(scale, CLOSEST), WIDEST);

export function box(places: readonly Place[]): Box | null {
  if (places.length === 0) return null;
  const [xs, ys] = [places.map((p) => p.x), places.map((p) => p.y)];
  return { west: Math.min(...xs), east: Math.max(...xs), south: Math.min(...ys), north: Math.max(...ys) };
}

/** The view that shows all of these places. */
export function around(places: readonly Place[], width: number, height: number): View {
  const b = box(places);
  if (b === null) return { x: 0, y: 0, scale: 1 };
  const across = (b.east - b.west) / Math.max(width - 2 * MARGIN_PX, 50);
  const up = (b.north - b.south) / Math.max(height - 2 * MARGIN_PX, 50);
  return { x: (b.west + b.east) / 2, y: (b.south + b.north) / 2, scale: clamped(Math.max(across, up, 0.1)) };
}

export const toPixels = ({ view, width, height }: Screen, place: Place): Place => ({
  x: (place.x - view.x) / view.scale + width / 2,
  y: (view.y - place.y) / view.scale + height / 2,
});

export const toMetres = ({ view, width, height }: Screen, pixel: Place): Place => ({
  x: view.x + (pixel.x - width / 2) * view.scale,
  y: view.y - (pixel.y - height / 2) * view.scale,
});

export const panned = ({ view }: Screen, dx: number, dy: number): View => ({
  x: view.x - dx * view.scale,
  y: view.y + dy * view.scale,
  scale: view.scale,
});

/** Zoomed by a factor (above 1: further away); what is under `pixel` stays there. */
export function zoomed(screen: Screen, factor: number, pixel: Place): View {
  const scale = clamped(screen.view.scale * factor);
  const fixed = toMetres(screen, pixel);
  return {
    x: fixed.x - (pixel.x - screen.width / 2) * scale,
    y: fixed.y + (pixel.y - screen.height / 2) * scale,
    scale,
  };
}

/** Half of the width and of the height of an ellipse's bounding box, in metres. */
export function halfBox(e: Ellipse): [number, number] {
  const angle = (e.azimuth_deg * Math.PI) / 180;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  return [
    Math.hypot(e.semi_major_m * sin, e.semi_minor_m * cos),
    Math.hypot(e.semi_major_m * cos, e.semi_minor_m * sin),
  ];
}

/** A scale bar of a round length, no wider than `widest` pixels: [metres, pixels]. */
export function bar(scale: number, widest: number): [number, number] {
  const most = scale * widest;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((m) => m * power).find((m) => m <= most) ?? power;
  return [metres, metres / scale];
}

/** The multiples of `spacing` between two values. */
export function marks(low: number, high: number, spacing: number): number[] {
  const first = Math.ceil(low / spacing);
  return Array.from({ length: Math.max(Math.floor(high / spacing) - first + 1, 0) }, (_, i) => (first + i) * spacing);
}

/** The view with an event in the middle, as near as the nearest of the network's places allow. */
export function surroundings(event: Incident, network: readonly Place[], width: number, height: number): View {
  const [x, y] = halfBox(event.ellipse);
  const near = [...network].sort((a, b) => distance(a, event) - distance(b, event)).slice(0, NEIGHBOURS);
  const reach = Math.max(x, y, 20) * 2;
  const ends = [-reach, reach].map((d) => ({ x: event.x + d, y: event.y + d }));
  const seen = around([...near, ...event.also, ...ends], width, height);
  const [dx, dy] = [Math.abs(seen.x - event.x), Math.abs(seen.y - event.y)];
  const scale = Math.max(seen.scale, seen.scale + (2 * dx) / width, seen.scale + (2 * dy) / height);
  return { x: event.x, y: event.y, scale };
}
