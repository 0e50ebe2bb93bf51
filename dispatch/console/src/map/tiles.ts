// How tiles look: a quiet ground, so that what happened stands out. It knows the layers of the two common schemas of
// OpenStreetMap's data, Protomaps' and OpenMapTiles'; pictures are shown as they are.
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { PMTiles } from "pmtiles";

export type TileInks = Record<"plan" | "street" | "water" | "green" | "building" | "line", string>;

/** What an archive says of itself. */
export interface Inside {
  raster: boolean;
  metadata: unknown;
  minZoom: number;
  maxZoom: number;
}

type Look = { layers: string[]; type: "fill" | "line"; ink: keyof TileInks; from?: number; not?: string[] };

const LOOKS: Look[] = [
  { layers: ["landuse", "landcover", "park"], type: "fill", ink: "green" },
  { layers: ["water"], type: "fill", ink: "water" },
  { layers: ["buildings", "building"], type: "fill", ink: "building", from: 13 },
  { layers: ["roads", "transportation"], type: "line", ink: "street" },
  { layers: ["boundaries", "boundary"], type: "line", ink: "line" },
];
const GREEN = ["park", "wood", "forest", "grass", "grassland", "garden", "cemetery", "nature_reserve", "scrub", "farmland", "meadow", "national_park"];

/** The names of an archive's layers of vectors. */
export function layersOf(metadata: unknown): Set<string> {
  const told = (metadata as { vector_layers?: { id?: unknown }[] } | null)?.vector_layers;
  return new Set(Array.isArray(told) ? told.map((one) => String(one.id)) : []);
}

export function styleOf(archive: PMTiles | null, inside: Inside, inks: TileInks): StyleSpecification {
  const url = archive?.source.getKey() ?? `${location.origin}/api/ground/tiles`;
  const ground: LayerSpecification = { id: "ground", type: "background", paint: { "background-color": inks.plan } };
  const zooms = { minzoom: inside.minZoom, maxzoom: inside.maxZoom };
  if (inside.raster) {
    const tiles = { type: "raster" as const, tiles: [`pmtiles://${url}/{z}/{x}/{y}`], tileSize: 256, ...zooms };
    return { version: 8, sources: { tiles }, layers: [ground, { id: "tiles", type: "raster", source: "tiles" }] };
  }
  const known = layersOf(inside.metadata);
  const layers = LOOKS.flatMap((look) => look.layers.filter((name) => known.has(name)).map((name) => layer(name, look, inks)));
  const tiles = { type: "vector" as const, tiles: [`pmtiles://${url}/{z}/{x}/{y}`], ...zooms };
  return { version: 8, sources: { tiles }, layers: [ground, ...layers] };
}

function layer(name: string, look: Look, inks: TileInks): LayerSpecification {
  const base = { id: name, source: "tiles", "source-layer": name, minzoom: look.from ?? 0 };
  if (look.type === "fill") {
    const green = ["in", ["coalesce", ["get", "kind"], ["get", "class"]], ["literal", GREEN]];
    const filter = look.ink === "green" ? { filter: green as never } : {};
    return { ...base, ...filter, type: "fill", paint: { "fill-color": inks[look.ink] } };
  }
  const grows = ["interpolate", ["exponential", 1.8], ["zoom"], 11, 0.6, 15, 2, 19, 14];
  return { ...base, type: "line", layout: { "line-cap": "round" }, paint: { "line-color": inks[look.ink], "line-width": look.ink === "street" ? (grows as never) : 1 } };
}
