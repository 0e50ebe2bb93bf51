// Events and arrivals as GeoJSON, in degrees. Ellipses are laid out in metres about the centre's own coordinates.
import type { Globe, Incident, IncidentDetail, ListeningNode } from "../lib/api";
import { beside, outline } from "../lib/geometry";

type Feature = GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.LineString>;
type Looks = { chosen: string | null; waiting: ReadonlySet<string> };

export const onGlobe = <T extends { lat: number | null; lon: number | null }>(one: T): one is T & Globe =>
  one.lat !== null && one.lon !== null;

function region(event: Incident & Globe, { chosen, waiting }: Looks): Feature {
  const ring = outline({ x: 0, y: 0 }, event.ellipse).map((p) => {
    const at = beside(event, p.x, p.y);
    return [at.lon, at.lat];
  });
  const state = waiting.has(event.id) ? "waits" : event.id === chosen ? "open" : "past";
  return {
    type: "Feature",
    properties: { kind: "ellipse", id: event.id, state },
    geometry: { type: "Polygon", coordinates: [ring] },
  };
}

function rays(detail: IncidentDetail & Globe, nodes: readonly ListeningNode[]): Feature[] {
  const heard = new Set(detail.arrivals.filter((a) => !a.refused).map((a) => a.node));
  return nodes
    .filter(onGlobe)
    .filter((n) => heard.has(n.id))
    .map((n) => ({
      type: "Feature",
      properties: { kind: "ray" },
      geometry: { type: "LineString", coordinates: [[n.lon, n.lat], [detail.lon, detail.lat]] },
    }));
}

/** The squares that nodes stand in whose places are not ours to see; each once. */
function zones(nodes: readonly ListeningNode[]): Feature[] {
  const found = new Map<string, Feature>();
  for (const node of nodes.filter(onGlobe)) {
    if (node.zone_m === null) continue;
    const half = node.zone_m / 2;
    const turns = [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]] as const;
    const ring = turns.map(([i, j]) => beside(node, i * half, j * half)).map((at) => [at.lon, at.lat]);
    const geometry = { type: "Polygon" as const, coordinates: [ring] };
    found.set(`${node.x} ${node.y}`, { type: "Feature", properties: { kind: "zone" }, geometry });
  }
  return [...found.values()];
}

export function features(
  events: readonly Incident[],
  looks: Looks,
  detail: IncidentDetail | null,
  nodes: readonly ListeningNode[],
): GeoJSON.FeatureCollection {
  const lines = detail !== null && onGlobe(detail) ? rays(detail, nodes) : [];
  return { type: "FeatureCollection", features: [...zones(nodes), ...lines, ...events.filter(onGlobe).map((e) => region(e, looks))] };
}

/** West, south, east, north of all that have a place on the globe. */
export function bounds(nodes: readonly ListeningNode[]): [number, number, number, number] | null {
  const known = nodes.filter(onGlobe);
  if (known.length === 0) return null;
  const [lons, lats] = [known.map((n) => n.lon), known.map((n) => n.lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
