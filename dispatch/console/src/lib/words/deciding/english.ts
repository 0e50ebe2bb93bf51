// The words of deciding about an event: steps, forms, log.
import type { Decision, Ground, Incident, Label, Outcome, Source } from "../../api";
import type { Refusal } from "../../refusals";
import type { Step } from "../../steps";

const labels: Record<Label, string> = { gunshot: "gunshots", firework: "fireworks", other: "another sound", unknown: "cannot say" };
const outcomes: Record<Outcome, string> = { confirmed: "confirmed", false: "false alarm", unconfirmed: "unconfirmed", unknown: "unknown" };
const grounds: Record<Ground, string> = { casings: "casings", victim: "victim", video: "video", call: "eyewitness call" };
const sources: Record<Source, string> = { call: "call", patrol: "patrol", alarm: "alarm", video: "video" };
const after = (text: string): string => (text === "" ? "" : `: ${text}`);

export const english = {
  decisions: "Decisions",
  step: {
    acknowledge: "Take it",
    call_back: "Call back",
    dispatch: "Send patrol",
    close: "Outcome",
    judge: "Your verdict",
    corroborate: "Calls, findings",
    note: "Note",
    undo: "Undo",
  } as Record<Step, string>,
  take_over: "Take over",
  undo_it: (n: number): string => `Undo entry ${n}`,
  undone: "undone",

  state: (e: Incident, me: string): string => {
    const mine = e.taken_by === me;
    if (e.status === "open") return "Nobody has it yet";
    if (e.status === "closed") return `Closed: ${outcomes[e.outcome ?? "unknown"]}`;
    if (e.status === "dispatched") return mine ? "You sent a patrol" : `${e.taken_by ?? ""} sent a patrol`;
    return mine ? "You have it" : `${e.taken_by ?? ""} has it`;
  },
  overdue: "The outcome is overdue",

  // forms
  held: (by: string): string => `${by} has it. Sending takes it over, and the log says so.`,
  take_over_ask: (by: string): string => `${by} has this event. Take it over?`,
  whom_called: "Whom did you reach, and what did they say?",
  whom_sent: "Whom do you send?",
  note_text: "Note, kept in the log for good",
  keep: "Keep",
  cancel: "Cancel",
  outcome: "What did it turn out to be?",
  outcomes,
  outcome_means: {
    confirmed: "a ground below shows it",
    false: "known to have been something else",
    unconfirmed: "somebody looked and found nothing either way",
    unknown: "nobody looked, or nobody can say",
  } as Record<Outcome, string>,
  grounds_ask: "What shows it? At least one.",
  grounds,
  found_ask: "Where was it found, if you know? The network is measured by it.",
  found_pick: "Show it on the map",
  found_help: "Press the place on the map; by keyboard, arrows move the map and Enter takes its middle. Esc leaves it.",
  found_coordinates: "or its coordinates: latitude, longitude",
  found_wrong: "These are no coordinates, such as 44.8412, -0.5793.",
  found_remove: "Remove",
  found_mark: "found",
  found_at: (distance: string, quarter: string): string => `${distance} ${quarter} of the middle of the ellipse`,
  remark: "Remark",
  judge_ask: "What do you think it was?",
  labels,
  count_ask: "Rounds, if you can tell",
  came: "Came in",
  came_in: "What came in that may be about it",
  came_none: "Nothing that came in today suits it in time and place.",
  attach: "Attach",
  attached: "attached",
  enter_new: "Enter what just came in",
  source: "From",
  sources,
  reference: "Their number",
  said: "What was said",
  came_after: (text: string): string => `${text} after the shots`,
  came_before: (text: string): string => `${text} before the shots`,

  refused: (r: Refusal): string => {
    if (r.kind === "taken") return `${r.by} has taken this event. Nothing was kept of yours; A takes it over.`;
    if (r.kind === "closed") return `${r.by} has closed this event${r.outcome === null ? "" : ` as ${outcomes[r.outcome]}`}. Undo that first.`;
    if (r.kind === "dealt") return "You have dealt with this event before, so this answer cannot count as blind.";
    if (r.kind === "said") return r.sentence;
    return "The centre did not answer. See the log before you repeat it.";
  },

  // log
  log: "Log of decisions",
  log_none: "Nobody has decided anything yet.",
  did: (what: Decision["what"], numberOf: (line: number) => number): string => {
    switch (what.action) {
      case "acknowledge":
        return what.instead_of ? `took it over from ${what.instead_of}` : "took it";
      case "call_back":
        return `called back${after(what.text)}`;
      case "dispatch":
        return `sent${after(what.text)}`;
      case "judge":
        return `judged: ${labels[what.label]}${what.count === null ? "" : `, ${what.count} rounds`}${what.blind ? ", before seeing the machine's" : ""}`;
      case "close": {
        const shown = what.grounds.map((g) => grounds[g]).join(", ");
        return `closed as ${outcomes[what.outcome]}${shown && ` (${shown})`}${after(what.text)}`;
      }
      case "note":
        return `noted${after(what.text)}`;
      case "undo":
        return `undid entry ${numberOf(what.line)}`;
      case "corroborate":
        return `attached: ${[sources[what.source], what.reference].filter(Boolean).join(" ")}`;
    }
  },
  machine: "Machine",
  verdicts: "Verdicts",
  no_verdict: "no verdict yet",
  blind_queue: (n: number): string => `To judge first: ${n}`,
  blind_title: "Your answer first",
  blind_note: "Place, class and probability are hidden until you have answered.",
  blind_show: "Show it without answering",
  blind_all: "Show all without answering",
  after_first: "After the first",
  blind_mark: "before seeing the machine's",
  corroborated: (n: number): string => (n === 1 ? "1 call or finding attached" : `${n} calls or findings attached`),
};

export type DecidingWords = typeof english;
