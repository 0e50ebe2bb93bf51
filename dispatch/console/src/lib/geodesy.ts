// From the network's metres to the globe and back in the network's own frame: exact, since a flat earth is 20 m wrong
// at 5 km. WGS-84; the origin lies on the ellipsoid, whose height does not show on a map.
import type { Globe, Place } from "./api";

const EQUATOR_M = 6378137;
const ECCENTRICITY2 = 6.69437999014e-3;
const POLAR_M = EQUATOR_M * Math.sqrt(1 - ECCENTRICITY2);
const DEGREE = Math.PI / 180;

/** WGS-84 degrees of a place at the origin's height in metres east and north of it. */
export function toGlobe(origin: Globe, place: Place): Globe {
  const [lat, lon] = [origin.lat * DEGREE, origin.lon * DEGREE];
  const [sinLat, cosLat, sinLon, cosLon] = [Math.sin(lat), Math.cos(lat), Math.sin(lon), Math.cos(lon)];
  const curve = EQUATOR_M / Math.sqrt(1 - ECCENTRICITY2 * sinLat ** 2);
  const x = curve * cosLat * cosLon - sinLon * place.x - sinLat * cosLon * place.y;
  const y = curve * cosLat * sinLon + cosLon * place.x - sinLat * sinLon * place.y;
  const z = curve * (1 - ECCENTRICITY2) * sinLat + cosLat * place.y;
  // Bowring 1976: to a millimetre at these heights
  const across = Math.hypot(x, y);
  const reduced = Math.atan2(z * EQUATOR_M, across * POLAR_M);
  const second = ECCENTRICITY2 / (1 - ECCENTRICITY2);
  const up = z + second * POLAR_M * Math.sin(reduced) ** 3;
  const out = across - ECCENTRICITY2 * EQUATOR_M * Math.cos(reduced) ** 3;
  return { lat: Math.atan2(up, out) / DEGREE, lon: Math.atan2(y, x) / DEGREE };
}

/** The other way, by stepping towards it. */
export function toNetwork(origin: Globe, there: Globe): Place {
  let place = { x: 0, y: 0 };
  for (let step = 0; step < 6; step++) {
    const here = toGlobe(origin, place);
    const [north, east] = [there.lat - here.lat, (there.lon - here.lon) * Math.cos(there.lat * DEGREE)];
    place = { x: place.x + east * DEGREE * EQUATOR_M, y: place.y + north * DEGREE * EQUATOR_M };
  }
  return place;
}

/** "44.8412, -0.5793" as a place; null where it is none. */
export function readGlobe(text: string): Globe | null {
  const found = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
  const [lat, lon] = [Number(found?.[1]), Number(found?.[2])];
  return found !== null && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}

/** How far the network's north is turned from a web map's at a place, in degrees clockwise. */
export function turn(origin: Globe, place: Place): number {
  const here = toGlobe(origin, place);
  const there = toGlobe(origin, { x: place.x, y: place.y + 100 });
  return Math.atan2((there.lon - here.lon) * Math.cos(here.lat * DEGREE), there.lat - here.lat) / DEGREE;
}

/**
 * The zoom at which a web map shows so many metres a pixel at a latitude (its tiles are 512 pixels wide). A web map takes
 * the earth for a ball: it is right to 0.2 %, a pixel at the edge of the view.
 */
export const zoomOf = (scale: number, lat: number): number =>
  Math.log2((2 * Math.PI * EQUATOR_M * Math.cos(lat * DEGREE)) / (512 * scale));
