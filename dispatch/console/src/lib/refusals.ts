// Why the centre did not keep a decision, read from its answer so that the page can say it in the person's language.
import { Refused, type Outcome } from "./api";

export type Refusal =
  | { kind: "taken"; by: string }
  | { kind: "dealt" }
  | { kind: "closed"; by: string; outcome: Outcome | null }
  | { kind: "away" }
  | { kind: "said"; sentence: string };

const TAKEN = /^the event is taken by (.+); to take it over, name them in instead_of$/;
const CLOSED = /^the event was closed (?:as (confirmed|false|unconfirmed|unknown) )?by (.+); undo line \d+ first$/;
const DEALT = /^.+ has dealt with this event before; a blind answer comes first$/;

export const isLoggedOut = (error: unknown): boolean => error instanceof Refused && error.status === 401;

/** No answer at all leaves it open whether the decision was kept; that is said as it is. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Refused)) return { kind: "away" };
  const sentence = error.message;
  const [taken, closed] = [TAKEN.exec(sentence), CLOSED.exec(sentence)];
  if (taken !== null) return { kind: "taken", by: taken[1] ?? "" };
  if (closed !== null) return { kind: "closed", by: closed[2] ?? "", outcome: (closed[1] as Outcome | undefined) ?? null };
  if (DEALT.test(sentence)) return { kind: "dealt" };
  return { kind: "said", sentence };
}
