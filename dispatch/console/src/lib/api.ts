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

export type NodeState =
  | "starting"
  | "ok"
  | "degraded"
  | "deaf"
  | "out_of_mandate"
  | "failed"
  | "fault" // of a node's older program: deaf or failed
  | "silent"
  | "new"
  | "revoked";

export interface ListeningNode extends Place {
  id: string;
  z: number | null;
  /** Where exact places are not ours to see: the side of the square whose middle x, y is. */
  zone_m: number | null;
  lat: number | null;
  lon: number | null;
  state: NodeState;
  last_report_ms: number | null;
  interval_s: number;
  clock_sigma_s: number | null;
  noise_db: number | null;
  outbox: number | null;
  reasons: string[];
  /** What it runs: name and version, the beginning of its classifier's digest; empty before it has said so. */
  program: string;
  model: string;
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
  exercise: boolean; // made up or replayed for training
  status: "open" | "acknowledged" | "dispatched" | "closed";
  taken_by: string | null;
  taken_ms: number | null;
  outcome: Outcome | null;
  verdict: { by: string; label: Label; count: number | null; blind: boolean } | null; // a person's
  corroborated: number;
  reminded_ms: number | null; // an outcome is overdue since
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
  also: Place[];
  label: string;
  probability: number;
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

/** The air that the place was sought with; the wind is what it blows towards. */
export interface Air {
  speed_ms: number;
  wind_east_ms: number;
  wind_north_ms: number;
}

/** An arrival around an event, whether or not a shot rests on it. */
export interface Heard extends Place {
  id: string;
  node: string;
  z: number;
  time_ms: number;
  snr_db: number | null;
  azimuth_deg: number | null;
  shock_lead_ms: number | null;
  label: string | null;
  probability: number | null;
  again: boolean;
}

export interface Fit {
  arrival: string;
  residual_ms: number;
  refused: string;
}

/** All that nodes heard around an event, and how it fits each version of each shot. */
export interface HeardAround {
  air: Air;
  arrivals: Heard[];
  versions: { shot: string; version: number; z: number; fits: Fit[] }[];
}

/** What there is to draw under the network. */
export interface GroundFiles {
  tiles: boolean;
  streets: boolean;
  attribution: string;
  zones: { name: string; corners: Place[] }[];
}

/** Of shots in square cells, the share in per cent that the nodes listening now would detect. */
export interface Hearing {
  side_m: number;
  x: number[];
  y: number[];
  detected_pct: number[];
  share_pct: number;
  exact: boolean;
}

/** Past events, newest first, a list a field. */
export interface History {
  number: number[];
  x: number[];
  y: number[];
  time_ms: number[];
  label: string[];
  more: boolean;
}

/** Where something was found: in metres, or in degrees. */
export type Spot = { x: number; y: number } | { lat: number; lon: number };

export type Outcome = "confirmed" | "false" | "unconfirmed" | "unknown";
export type Ground = "casings" | "victim" | "video" | "call";
export type Label = "gunshot" | "firework" | "other" | "unknown";
export type Source = "call" | "patrol" | "alarm" | "video";

/** What a person asks the centre to keep; what each means is told in docs/dispatch/events.md. */
export type Asked =
  | { action: "acknowledge"; instead_of?: string }
  | { action: "call_back" | "dispatch"; text: string; instead_of?: string }
  | { action: "judge"; label: Label; count: number | null; blind?: boolean }
  | { action: "close"; outcome: Outcome; grounds: Ground[]; found?: Spot | null; text: string }
  | { action: "note"; text: string }
  | { action: "undo"; line: number };

type Corroborated = { action: "corroborate"; source: Source; time_ms: number; reference: string };

/** One line of an event's log. */
export interface Decision {
  line: number;
  recorded_ms: number;
  by: string;
  undone: boolean;
  what: Asked | Corroborated;
}

export interface IncidentDetail extends Incident {
  versions: Version[];
  arrivals: Arrival[];
  history: Decision[]; // oldest first; empty for who may not read the log
  nearest_address: string;
}

/** A call, a finding or an alarm, and the events that it may be about. */
export interface CameIn {
  id: string;
  by: string;
  source: Source;
  time_ms: number;
  text: string;
  reference: string;
  attached: number[];
  suggested: { event: string; after_s: number; metres: number | null }[];
}

/** What may be seen of an event before it is judged. */
export interface Blind {
  nodes: number;
  heard: { after_ms: number; snr_db: number | null }[];
}

/** What became of the order that one node was given, for the sound of an event. */
export interface Clip {
  order: string;
  node: string;
  state: "asked" | "unanswered" | "found" | "gone" | "refused" | "erased";
  why: string;
}

export interface EventSound {
  allowed: boolean; // by the site's mandate
  clips: Clip[];
}

export interface State {
  now_ms: number;
  name: string;
  origin: Globe | null;
  last_id: number;
  nodes: ListeningNode[];
  events: Incident[];
}

export interface Me {
  name: string;
  role: string | null;
  rights: string[];
  ends_ms: number;
  has_codes: boolean;
}

/** The secret of one-time codes, which the centre tells once. */
export interface Codes {
  secret: string;
  link: string;
}

const PATIENCE_MS = 8000;

/** The centre's answer that it will not, with its sentence. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    sentence: string,
    readonly codeNeeded = false,
  ) {
    super(sentence);
  }
}

export const ask = (method: string, path: string, body?: unknown, patience = PATIENCE_MS): Promise<Response> =>
  send(method, path, body === undefined ? null : JSON.stringify(body), "application/json", patience);

export async function send(method: string, path: string, body: BodyInit | null, kind: string, patience: number): Promise<Response> {
  const answer = await fetch(path, {
    method,
    headers: { accept: "application/json", ...(body === null ? {} : { "content-type": kind }) },
    body,
    signal: AbortSignal.timeout(patience),
  });
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => ({}))) as { error?: string; code_needed?: boolean };
  throw new Refused(answer.status, told.error ?? `${path}: ${answer.status}`, told.code_needed);
}

export const get = async <T>(path: string): Promise<T> => (await (await ask("GET", path)).json()) as T;
export const post = async <T>(path: string, body: unknown): Promise<T> => (await (await ask("POST", path, body)).json()) as T;

/** A code as the centre wants it: apps show it in groups. */
const bare = (code: string): string => code.replaceAll(" ", "");

export const session = {
  me: (): Promise<Me | null> => get("/api/session"),
  /** What the operator's identity provider is called, where people may log in by one. */
  ways: (): Promise<{ provider: string | null }> => get("/api/session/ways"),
  logIn: (name: string, password: string, code?: string): Promise<Me> =>
    post("/api/session", { name, password, code: code && bare(code) }),
  follow: (secret: string, password?: string, name?: string): Promise<Me> =>
    post("/api/session/link", { secret, password, name }),
  end: (): Promise<Response> => ask("DELETE", "/api/session"),
};

export const account = {
  password: (password: string, fresh: string, code?: string): Promise<Response> =>
    ask("PUT", "/api/session/password", { password, new_password: fresh, code: code && bare(code) }),
  offerCodes: (password: string): Promise<Codes> => post("/api/session/codes", { password }),
  confirmCodes: (code: string): Promise<Response> => ask("PUT", "/api/session/codes", { code: bare(code) }),
  endCodes: (password: string, code: string): Promise<Response> =>
    ask("POST", "/api/session/codes/end", { password, code: bare(code) }),
};

export const state = (): Promise<State> => get("/api/state");
export const one = (id: string): string => `/api/events/${encodeURIComponent(id)}`;
export const detail = (id: string): Promise<IncidentDetail> => get(one(id));
export const heardAround = (id: string): Promise<HeardAround> => get(`${one(id)}/heard`);
export const decide = (id: string, what: Asked): Promise<Incident> => post(`${one(id)}/decisions`, what);
export const blind = (id: string): Promise<Blind> => get(`${one(id)}/blind`);

export const clips = {
  of: (id: string): Promise<EventSound> => get(`${one(id)}/clips`),
  ask: (id: string, because: string): Promise<EventSound> => post(`${one(id)}/clips`, { because }),
  hear: async (order: string, because: string): Promise<Blob> =>
    (await ask("POST", `/api/clips/${encodeURIComponent(order)}/heard`, { because })).blob(),
};

export const groundApi = {
  files: (): Promise<GroundFiles> => get("/api/ground"),
  streets: (): Promise<number[][]> => get("/api/ground/streets"),
  hearing: (): Promise<Hearing> => get("/api/ground/hearing"),
  history: (from_ms: number): Promise<History> => get(`/api/history?from_ms=${from_ms}`),
};

export const incoming = {
  all: (): Promise<CameIn[]> => get("/api/incoming"),
  enter: (source: Source, time_ms: number, text: string, reference: string): Promise<CameIn> =>
    post("/api/incoming", { source, time_ms, text, reference }),
  attach: (id: string, what: string): Promise<Incident> => post(`${one(id)}/corroborations`, { incoming: what }),
};
