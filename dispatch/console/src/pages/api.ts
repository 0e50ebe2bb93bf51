// What the pages ask of the centre, field by field as dispatch/api defines it.
import { ask, get, post, send, type Decision, type Ground, type Incident, type NodeState } from "../lib/api";

export interface Search {
  days: number | null;
  from_ms: number | null;
  until_ms: number | null;
  label: string | null;
  outcome: string | null;
  status: string | null;
  zone: string | null;
  node: string | null;
  exercise: boolean | null;
}
export interface EventPage {
  events: Incident[];
  next: number | null;
}

/** The search as the address has it; `now`: what its days are counted back from. */
export function asked(search: Search, now: number): URLSearchParams {
  const { days, ...rest } = search;
  const from = days === null ? rest.from_ms : now - days * 86_400_000;
  const all = { ...rest, from_ms: from === null ? null : Math.max(Math.round(from), 0) };
  const told = Object.entries(all).filter(([, value]) => value !== null && value !== "");
  return new URLSearchParams(told.map(([name, value]) => [name, String(value)]));
}

export const events = (query: URLSearchParams, before: number | null): Promise<EventPage> =>
  get(`/api/events?${new URLSearchParams([...query, ...(before === null ? [] : [["before", String(before)]])] as [string, string][])}`);
export const zones = (): Promise<string[]> => get("/api/zones");

const named = (name: string): string => `/api/searches/${encodeURIComponent(name)}`;
export const searches = {
  all: (): Promise<{ name: string; search: Search }[]> => get("/api/searches"),
  keep: (name: string, search: Search): Promise<Response> => ask("PUT", named(name), search),
  drop: (name: string): Promise<Response> => ask("DELETE", named(name)),
};

export interface Handover {
  now_ms: number;
  left: { event: Incident; said: Decision[] }[];
  more: boolean;
}
export const handover = (days: number): Promise<Handover> => get(`/api/handover?days=${days}`);

export interface NodeHistory {
  id: string;
  enrolled_ms: number;
  certified_until_ms: number;
  revoked_ms: number | null;
  program: string;
  model: string;
  changes: { recorded_ms: number; what: string; by: string }[];
  figures: {
    sent_ms: number;
    state: NodeState;
    clock_sigma_s: number | null;
    noise_db: number | null;
    outbox: number;
    temperature_c: number | null;
  }[];
}
const node = (id: string): string => `/api/nodes/${encodeURIComponent(id)}`;
export const nodes = {
  enrol: (id: string | null): Promise<{ token: string; port: number }> => post("/api/nodes", { node: id }),
  history: (id: string, hours: number): Promise<NodeHistory> => get(`${node(id)}?hours=${hours}`),
  revoke: (id: string, because: string): Promise<Response> => ask("POST", `${node(id)}/revoke`, { because }),
};

export interface Mandated {
  purpose: string;
  start_ms: number;
  end_ms: number;
  clips: boolean;
  zone: [number, number][][];
  nodes: { node: string; inside: boolean; has: boolean }[];
}
export const mandate = {
  now: (): Promise<Mandated> => get("/api/mandate"),
  set: async ({ nodes: _, ...asked }: Mandated): Promise<Mandated> => (await (await ask("PUT", "/api/mandate", asked)).json()) as Mandated,
};

export const ROLES = ["dispatcher", "analyst", "auditor", "administrator", "wall"] as const;
export type RoleName = (typeof ROLES)[number];
export const RIGHTS = ["see-events", "see-places", "decide", "read-log", "read-journal"] as const;
export type RightName = (typeof RIGHTS)[number];
export interface Person {
  id: string;
  name: string;
  role: RoleName;
  has_password: boolean;
  has_codes: boolean;
  locked_until_ms: number;
  added_ms: number;
}
export interface Program {
  name: string;
  rights: RightName[];
  added_ms: number;
  ends_ms: number;
}
const person = (id: string): string => `/api/people/${encodeURIComponent(id)}`;
export const people = {
  all: (): Promise<Person[]> => get("/api/people"),
  add: (name: string, role: RoleName): Promise<{ link: string }> => post("/api/people", { name, role }),
  link: (id: string): Promise<{ link: string }> => post(`${person(id)}/link`, undefined),
  role: (id: string, role: RoleName): Promise<Response> => ask("PUT", `${person(id)}/role`, { role }),
  unlock: (id: string): Promise<Response> => ask("POST", `${person(id)}/unlock`),
  remove: (id: string): Promise<Response> => ask("DELETE", person(id)),
  programs: (): Promise<Program[]> => get("/api/machines"),
  admit: (asked: { name: string; rights: RightName[]; days: number }): Promise<{ token: string }> => post("/api/machines", asked),
  dismiss: (name: string): Promise<Response> => ask("DELETE", `/api/machines/${encodeURIComponent(name)}`),
};

export interface Destination {
  name: string;
  kind: string;
  about: "events" | "nodes";
  classes: string[];
  probability: number;
  zones: string[];
  hours: string;
  exercises: boolean;
  silent_s: number;
  unacknowledged_s: number;
  state: "idle" | "ok" | "failing";
  problem: string;
  waiting: number;
  delivered_ms: number | null;
}
export interface Sent {
  id: string;
  subject: string;
  destination: string;
  headline: string;
  state: string;
  attempts: number;
  problem: string;
  queued_ms: number;
}
export const alerts = {
  all: (): Promise<Destination[]> => get("/api/alerts"),
  sent: (): Promise<Sent[]> => get("/api/alerts/sent"),
  test: (name: string): Promise<Response> => ask("POST", `/api/alerts/${encodeURIComponent(name)}/test`),
};

export interface Models {
  method: string;
  program: string;
  code: string;
  libraries: Record<string, string>;
  thresholds: { name: string; value: string }[];
  nodes: { node: string; program: string; model: string }[];
}
export const models = (): Promise<Models> => get("/api/models");

export interface RollOut {
  id: string;
  kind: "settings" | "model";
  state: "running" | "stopped" | "finished";
  begun_ms: number;
  steps: { node: string; ring: number; state: "waiting" | "given" | "done" | "refused" | "rolled_back"; why: string; given_ms: number | null }[];
  changes: Record<string, unknown>;
  model: string;
  trial_s: number;
  by: string;
  because: string;
  ended: string;
}
/** A node that may be given something, and what it took of earlier roll-outs. */
export interface Target {
  node: string;
  zone: string;
  state: string;
  taken: Record<string, unknown>;
  model: string;
}
export interface Offer {
  settings: { name: string; default: unknown }[];
  models: { digest: string; name: string; by: string; registered_ms: number; measured: number }[];
  nodes: Target[];
}
type Begun = Pick<RollOut, "kind" | "trial_s" | "because"> & Partial<Pick<RollOut, "changes" | "model">> & { rings: string[][] };
export const rollouts = {
  all: (): Promise<RollOut[]> => get("/api/rollouts"),
  offer: (): Promise<Offer> => get("/api/rollouts/offer"),
  begin: (asked: Begun): Promise<RollOut[]> => post("/api/rollouts", asked),
  stop: (because: string): Promise<RollOut[]> => post("/api/rollouts/stop", { because }),
};

export interface Keeping {
  arrivals_h: number;
  events_days: number;
  audit_days: number;
  kept: Record<string, number>;
  bytes: number;
  erased: { recorded_ms: number; because: string; by: string; rows: Record<string, number> }[];
  backed_up_ms: number | null;
}
export const keeping = (): Promise<Keeping> => get("/api/keeping");

export interface DpiaTable {
  head: string[];
  rows: string[][];
}
export interface Dpia {
  title: string;
  under: string;
  sections: { title: string; blocks: (string | string[] | DpiaTable)[] }[];
}
export const dpia = (language: string): Promise<Dpia> => get(`/api/dpia?language=${language}`);

export interface Site {
  name: string;
  origin: { lat: number; lon: number } | null;
  timezone: string;
  key: string;
  public: boolean;
  addresses: { count: number; attribution: string; imported_ms: number } | null;
}
const IMPORT_MS = 600_000; // millions of addresses
export const site = {
  now: (): Promise<Site> => get("/api/site"),
  import: async (file: File): Promise<Site> =>
    (await (await send("PUT", `/api/site/addresses?name=${encodeURIComponent(file.name)}`, file, "application/octet-stream", IMPORT_MS)).json()) as Site,
  address: (lat: number, lon: number): Promise<{ sentence: string }> => get(`/api/site/address?lat=${lat}&lon=${lon}`),
};

export interface Line {
  id: number;
  recorded_ms: number;
  kind: string;
  subject: string;
  data: string;
}
export interface Checked {
  good: boolean;
  lines: number;
  altered: number[];
  broken: number[];
  erased: number;
  end: string;
}
const CHECK_MS = 120_000; // years of lines
export const journal = {
  lines: (kind: string, text: string, before: number | null): Promise<{ lines: Line[]; next: number | null }> => {
    const query = Object.entries({ kind, text, before: before === null ? "" : String(before) }).filter(([, value]) => value !== "");
    return get(`/api/journal?${new URLSearchParams(query)}`);
  },
  erase: (lines: number[], because: string): Promise<{ lines: number }> => post("/api/journal/erase", { lines, because }),
  check: async (): Promise<Checked> => (await (await ask("GET", "/api/journal/check", undefined, CHECK_MS)).json()) as Checked,
};

export type LabelName = "gunshot" | "shock_wave" | "firework" | "other" | "unknown";
interface Opinion {
  label: string;
  probability: number;
}
/** An impulse of a clip; `known` is told once one has answered. */
export interface ClipImpulse {
  number: number;
  onset_s: number;
  time_ms: number;
  answered: string[];
  mine: LabelName | null;
  known: { said: { by: string; label: LabelName; given_ms: number }[]; node: Opinion | null; network: Opinion | null; event: string; number: number } | null;
}
export interface LabelClip {
  order: string;
  node: string;
  rate_hz: number;
  impulses: ClipImpulse[];
}
const PACK_MS = 120_000; // a month's clips
export const labels = {
  all: (): Promise<LabelClip[]> => get("/api/labels"),
  say: (order: string, number: number, label: LabelName | null): Promise<LabelClip> =>
    post(`/api/labels/${encodeURIComponent(order)}/${number}`, { label }),
  take: async (asked: { because: string; source: string; licence: string; form: "csv" | "jsonl" | "raven" }): Promise<Blob> =>
    (await ask("POST", "/api/labels/sounds", asked, PACK_MS)).blob(),
};

export const drill = (x: number, y: number, rounds: number): Promise<{ nodes: number; time_ms: number }> =>
  post("/api/drills", { x, y, rounds });

export interface Clap {
  node: string;
  time_ms: number;
  snr_db: number | null;
  azimuth_deg: number | null;
  label: string | null;
}
export const heard = (after: number | null): Promise<{ last: number; heard: Clap[] }> =>
  get(`/api/heard${after === null ? "" : `?after=${after}`}`);

export interface Measure {
  value: number | null;
  low: number | null;
  high: number | null;
}
export interface Share extends Measure {
  count: number;
  of: number;
}
export interface Figures {
  month: string;
  zone: string;
  alerts: number;
  outcomes: Record<string, number>;
  missed: number;
  recall: Share;
  precision: { decided: Share; undecided: Share; at_least: Share };
  false_alerts: Measure;
  error_m: Measure;
  latency_s: Measure;
  latency_95_s: Measure;
  agreement: Share;
}
export const figures = (days: URLSearchParams): Promise<Figures[]> => get(`/api/performance?${days}`);

export interface Miss {
  id: string;
  time_ms: number;
  reference: string;
  grounds: Ground[];
  text: string;
  by: string;
}
export const missed = {
  all: (): Promise<Miss[]> => get("/api/missed"),
  enter: (asked: { time_ms: number; place: { lat: number; lon: number }; reference: string; grounds: Ground[]; text: string }): Promise<Miss> =>
    post("/api/missed", asked),
};

/** A share that was counted, which may be none or all; a machine's probability never is. */
export const counted = (share: number): string => `${Math.round(100 * share)}\u00a0%`;
