import { expect, test } from "vitest";

import { Refused, type Decision, type Incident } from "./api";
import { refusalOf } from "./refusals";
import { KEYS, latestOwn, next, possible, stepOf } from "./steps";

const event = (status: Incident["status"], taken_by: string | null): Incident => ({ status, taken_by }) as Incident;
const line = (n: number, by: string, what: Decision["what"], undone = false): Decision => ({ line: n, recorded_ms: n, by, undone, what });

test("each step has a key of its own, whatever the case", () => {
  expect(new Set(Object.values(KEYS)).size).toBe(Object.keys(KEYS).length);
  expect([stepOf("a"), stepOf("A"), stepOf("o"), stepOf("z"), stepOf("ArrowDown")]).toEqual([
    "acknowledge", "acknowledge", "close", undefined, undefined,
  ]);
});

test("who has an event does not take it again, another may take it over", () => {
  expect(possible(event("open", null), [], "Ann").has("acknowledge")).toBe(true);
  expect(possible(event("acknowledged", "Ann"), [], "Ann").has("acknowledge")).toBe(false);
  expect(possible(event("acknowledged", "Ann"), [], "Bob").has("acknowledge")).toBe(true);
});

test("a closed event is handled no more, but may still be judged, noted on, and opened again by undoing", () => {
  const history = [line(1, "Ann", { action: "close", outcome: "false", grounds: [], text: "" })];
  expect([...possible(event("closed", "Ann"), history, "Ann")].sort()).toEqual(["corroborate", "judge", "note", "undo"]);
});

test("undo takes back one's own newest line that holds", () => {
  const history = [
    line(1, "Ann", { action: "acknowledge" }),
    line(2, "Ann", { action: "dispatch", text: "car 4" }, true),
    line(3, "Bob", { action: "note", text: "loud" }),
    line(4, "Ann", { action: "undo", line: 2 }),
  ];
  expect(latestOwn(history, "Ann")?.line).toBe(1);
  expect(latestOwn(history, "Bob")?.line).toBe(3);
  expect(latestOwn(history, "Eve")).toBeNull();
});

test("the next step follows from the status", () => {
  expect([next(event("open", null)), next(event("acknowledged", "Ann")), next(event("dispatched", "Ann"))]).toEqual([
    "acknowledge", "dispatch", "close",
  ]);
});

test("a refusal names the other person", () => {
  const told = (sentence: string) => refusalOf(new Refused(409, sentence));
  expect(told("the event is taken by Bob; to take it over, name them in instead_of")).toEqual({ kind: "taken", by: "Bob" });
  expect(told("the event was closed as false by Bob; undo line 12 first")).toEqual({ kind: "closed", by: "Bob", outcome: "false" });
  expect(told("the event was closed by Bob; undo line 12 first")).toEqual({ kind: "closed", by: "Bob", outcome: null });
  expect(told("line 4 was undone before")).toEqual({ kind: "said", sentence: "line 4 was undone before" });
  expect(refusalOf(new TypeError("Failed to fetch"))).toEqual({ kind: "away" });
});
