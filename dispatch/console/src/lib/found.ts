// Where casings, a victim or damage were found, as the log of an event has it.
import type { Decision, Globe, Place, Spot } from "./api";
import { toNetwork } from "./geodesy";

/** A spot in the network's metres; null where it is in degrees and the network lies nowhere on the globe. */
export function placeOf(spot: Spot, origin: Globe | null): Place | null {
  if ("x" in spot && spot.x !== null) return spot;
  return "lat" in spot && origin !== null ? toNetwork(origin, spot) : null;
}

/** The places that outcomes tell of and that were not undone. */
export function foundOf(history: readonly Decision[], origin: Globe | null): Place[] {
  return history.flatMap((line) => {
    if (line.undone || line.what.action !== "close" || !line.what.found) return [];
    const place = placeOf(line.what.found, origin);
    return place === null ? [] : [place];
  });
}
