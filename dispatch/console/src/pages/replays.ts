// What the replay page asks of the centre, field by field as dispatch/api/replays.py defines it.
import { ask, get, post, type Incident } from "../lib/api";

export interface Asked {
  since_ms: number;
  until_ms: number;
  zone: string;
  changes: string[];
  everything: boolean;
}
export interface Replay {
  id: string;
  by: string;
  asked: Asked;
  state: "running" | "done" | "failed" | "cancelled";
  share: number;
  problem: string;
  started_ms: number;
  ended_ms: number | null;
  counts: Partial<Record<Became, number>>;
  method: string;
}
export interface Setting {
  name: string;
  value: number;
  whole: boolean;
  below_one: boolean;
}
export interface Overview {
  replays: Replay[];
  settings: Setting[];
  zones: string[];
  most_days: number;
  arrivals_h: number;
}

export const BECAME = ["new", "gone", "moved", "other class", "same"] as const;
export type Became = (typeof BECAME)[number];
export interface Located {
  x: number;
  y: number;
  time_ms: number;
  label: string;
  gunshot: number | null;
  nodes: number;
}
export interface Row {
  change: Became;
  time_ms: number;
  moved_m: number | null;
  later_s: number | null;
  before: Located | null;
  now: Located | null;
  event: string | null;
}
export interface Comparison {
  rows: Row[];
  events: Incident[];
  more: boolean;
}

export const replays = {
  all: (): Promise<Overview> => get("/api/replays"),
  start: (asked: Asked): Promise<Replay> => post("/api/replays", asked),
  cancel: (id: string): Promise<Response> => ask("POST", `/api/replays/${id}/cancel`),
  changes: (id: string): Promise<Comparison> => get(`/api/replays/${id}/changes`),
  file: (id: string, name: "changes.jsonl" | "shots.jsonl" | "shots.geojson"): string => `/api/replays/${id}/${name}`,
};
