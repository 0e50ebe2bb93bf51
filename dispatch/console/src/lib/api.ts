// What the centre says, field by field as dispatch/api/models.py defines it.
// Metres are east, north, up of the network's origin; `_ms` is UTC.

export interface Ellipse {
  semi_major_m: number;
  semi_minor_m: number;
  azimuth_deg: number;
  level: number;
}

export interface Globe {
  lat: number;
  lon: number;
}

export interface Place {
  x: number;
  y: number;
}

export type NodeState = "ok" | "degraded" | "fault" | "silent" | "new";

export interface ListeningNode extends Place {
  id: string;
  z: number;
  lat: number | null;
  lon: number | null;
  state: NodeState;
  last_report_ms: number | null;
  interval_s: number;
  clock_sigma_s: number | null;
  noise_db: number | null;
  outbox: number | null;
  reasons: string[];
}

export interface Reason {
  code: string;
  values: Record<string, number | string>;
  text: string;
}

export interface Shot extends Place {
  key: string;
  version: number;
  time_ms: number;
  ellipse: Ellipse;
  label: string;
  probability: number;
}

export interface Incident extends Place {
  id: string;
  number: number;
  status: string;
  label: string;
  probability: number; // of the label, by the machine
  reasons: Reason[];
  count: number;
  time_ms: number;
  updated_ms: number;
  lat: number | null;
  lon: number | null;
  ellipse: Ellipse;
  nodes: number;
  ambiguous: boolean;
  also: Place[];
  late: boolean;
  shots: Shot[];
}

export interface Version extends Place {
  shot: string;
  version: number;
  time_ms: number;
  ellipse: Ellipse;
  recorded_ms: number;
  used: number;
  preferred: boolean;
}

export interface Arrival {
  id: string;
  node: string;
  shot: string;
  time_ms: number;
  residual_ms: number;
  refused: string;
  snr_db: number | null;
  azimuth_deg: number | null;
  probabilities: Record<string, number> | null;
}

export interface IncidentDetail extends Incident {
  versions: Version[];
  arrivals: Arrival[];
}

export interface State {
  now_ms: number;
  name: string;
  origin: Globe | null;
  last_id: number;
  nodes: ListeningNode[];
  events: Incident[];
}

const PATIENCE_MS = 8000;

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(path, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as T;
}

export const state = (): Promise<State> => get("/api/state");
export const detail = (id: string): Promise<IncidentDetail> => get(`/api/events/${encodeURIComponent(id)}`);
