// How long sound takes, and where two nodes' difference in time says that it came from.
import type { Air, Place } from "./api";

/** A place with its height, in metres. */
export interface Point extends Place {
  z: number;
}

const POINTS = 64;
const NEWTON_STEPS = 4;
const STEP_M = 0.5;

/** Milliseconds from one place to another, through moving air: the locator's own formula (localisation/likelihood.py). */
export function travelMs(from: Point, to: Point, air: Air): number {
  const [east, north, up] = [to.x - from.x, to.y - from.y, to.z - from.z];
  const far = Math.hypot(east, north, up) + 1e-9;
  return (1000 * far) / (air.speed_ms + (east * air.wind_east_ms + north * air.wind_north_ms) / far);
}

/**
 * The places at height `z` from which sound reaches `a` by `laterMs` later than `b`: in still air and one plane a branch
 * of a hyperbola with its foci at both, which is where each point starts; a few Newton steps take in height and wind.
 * Empty where no place can give such a difference.
 */
export function curve(a: Point, b: Point, laterMs: number, z: number, air: Air, reachM: number): Place[] {
  const focus = Math.hypot(a.x - b.x, a.y - b.y) / 2;
  const vertex = (air.speed_ms * laterMs) / 2000;
  if (focus === 0 || Math.abs(vertex) >= focus) return [];
  const beside = Math.sqrt(focus ** 2 - vertex ** 2);
  const [ux, uy] = [(b.x - a.x) / (2 * focus), (b.y - a.y) / (2 * focus)];
  const most = Math.asinh(reachM / beside);
  const difference = (p: Place): number => travelMs({ ...p, z }, a, air) - travelMs({ ...p, z }, b, air) - laterMs;
  return Array.from({ length: POINTS + 1 }, (_, i) => {
    const turn = most * ((2 * i) / POINTS - 1);
    const [along, aside] = [vertex * Math.cosh(turn), beside * Math.sinh(turn)];
    const start = { x: (a.x + b.x) / 2 + along * ux - aside * uy, y: (a.y + b.y) / 2 + along * uy + aside * ux };
    return settled(start, difference);
  });
}

/** The nearby place where `difference` is zero. */
function settled(place: Place, difference: (p: Place) => number): Place {
  let { x, y } = place;
  for (let i = 0; i < NEWTON_STEPS; i++) {
    const gx = (difference({ x: x + STEP_M, y }) - difference({ x: x - STEP_M, y })) / (2 * STEP_M);
    const gy = (difference({ x, y: y + STEP_M }) - difference({ x, y: y - STEP_M })) / (2 * STEP_M);
    const steep = gx ** 2 + gy ** 2;
    if (steep === 0) break;
    const off = difference({ x, y }) / steep;
    [x, y] = [x - off * gx, y - off * gy];
  }
  return { x, y };
}
