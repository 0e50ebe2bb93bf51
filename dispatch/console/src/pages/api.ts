// What the pages ask of the centre, field by field as dispatch/api defines it.
import { ask, get, one, post, type Decision, type Incident } from "../lib/api";

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

const REPORT_MS = 120_000; // it locates anew, and sets a page
export async function report(id: string, language: string): Promise<Blob> {
  return (await ask("POST", `${one(id)}/report`, { language: language === "fr" ? "fr" : "en", form: "pdf" }, REPORT_MS)).blob();
}
export { post };
