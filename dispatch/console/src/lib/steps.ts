// Which steps an event allows, by what people decided before: the centre's own rules (recordings/decisions.py), so that
// a button offers only what the centre will keep.
import type { Decision, Incident } from "./api";

export const KEYS = {
  acknowledge: "A",
  call_back: "C",
  dispatch: "D",
  close: "O",
  judge: "J",
  corroborate: "K",
  note: "T",
  undo: "U",
} as const;

export type Step = keyof typeof KEYS;

export const stepOf = (key: string): Step | undefined =>
  (Object.keys(KEYS) as Step[]).find((step) => KEYS[step] === key.toUpperCase());

export function possible(event: Incident, history: readonly Decision[], me: string): Set<Step> {
  const steps = new Set<Step>(["judge", "corroborate", "note"]);
  if (event.status !== "closed") {
    for (const step of ["call_back", "dispatch", "close"] as const) steps.add(step);
    if (event.taken_by !== me) steps.add("acknowledge");
  }
  if (latestOwn(history, me) !== null) steps.add("undo");
  return steps;
}

/** What a dispatcher does next, as a rule. */
export function next(event: Incident): Step {
  if (event.status === "open") return "acknowledge";
  return event.status === "acknowledged" ? "dispatch" : "close";
}

/** The newest line of a person that still holds; an undo is not undone by the same key again. */
export function latestOwn(history: readonly Decision[], me: string): Decision | null {
  return history.filter((one) => one.by === me && !one.undone && one.what.action !== "undo").at(-1) ?? null;
}
