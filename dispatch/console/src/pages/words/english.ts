import { Refused } from "../../lib/api";
import type { PageName } from "../../lib/route.svelte";

const events = (n: number): string => (n === 1 ? "1 event" : `${n} events`);

export const english = {
  title: {
    search: "Search",
    handover: "Handover",
  } as Record<PageName, string>,
  failed: (error: unknown): string =>
    error instanceof Refused ? `The centre will not: ${error.message}.` : "The centre does not answer. Try again in a moment.",

  // search
  period: "When",
  last_days: (n: number): string => (n === 1 ? "last 24 hours" : n === 365 ? "last year" : `last ${n} days`),
  from_until: "from … until",
  from: "From",
  until: "Until",
  any: "any",
  label: "What",
  labels: {
    gunshot: "possible gunshots",
    shock_wave: "supersonic bullets",
    firework: "fireworks",
    other: "other sounds",
    unknown: "unclear sounds",
    withdrawn: "withdrawn",
  },
  outcome: "Outcome",
  no_outcome: "none yet",
  status: "State",
  statuses: { open: "nobody has it", acknowledged: "somebody has it", dispatched: "patrol sent", closed: "closed" },
  zone: "Zone",
  heard_by: "Heard by node",
  exercises: "Exercises",
  exercises_without: "without",
  exercises_only: "only",
  exercises_with: "with",
  search: "Search",
  search_name: "Name of this search",
  keep_search: "Keep it",
  forget: (name: string): string => `Forget the search ${name}`,
  forms: { csv: "CSV", geojson: "GeoJSON", raven: "Raven" },
  found: (n: number, more: boolean): string => `${events(n)}${more ? " so far, there are more" : ""}`,
  more: "More",
  number: "No.",
  time: "Time",
  what: "What",
  place: "Ellipse",
  report: "Report",
  making: "Making it …",

  // handover
  again: "Read again",
  print: "Print",
  log_today: "Log of today (PDF)",
  as_of: (time: string): string => `as of ${time}`,
  left_open: (n: number): string => (n === 0 ? "Nothing is open" : `${events(n)} open`),
  nothing_left: "Every possible gunshot of these days has an outcome, and nobody holds anything.",
  since: (text: string): string => `open for ${text}`,
  more_left: "There are more; the search shows them all.",
  not_listening: (n: number): string => (n === 0 ? "The network listens everywhere" : n === 1 ? "1 node does not listen fully" : `${n} nodes do not listen fully`),
  all_listening: (n: number): string => `All ${n} nodes listen.`,
  node: "Node",
  why: "Why",
  last_heard: "Last report",
};

export type PageWords = typeof english;
