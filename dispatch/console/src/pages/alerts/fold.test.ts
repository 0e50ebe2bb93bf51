import { expect, test } from "vitest";

import type { Sent } from "../api";
import { fold } from "./fold";

const sent = (id: string, subject: string, destination: string, state: string): Sent => ({ id, subject, destination, state, headline: id, attempts: 1, problem: "", queued_ms: 0 });

test("a burst's versions to two destinations are one line, which says how each stands", () => {
  const [first, second] = fold([
    sent("e1-3", "e1", "city", "delivered"),
    sent("e1-3", "e1", "army", "queued"),
    sent("e2-1", "e2", "city", "delivered"),
    sent("e1-2", "e1", "city", "replaced"),
    sent("e1-1", "e1", "army", "replaced"),
  ]);
  expect([first!.newest.id, first!.all.length, second!.subject]).toEqual(["e1-3", 4, "e2"]);
  expect(first!.latest.map((one) => `${one.destination}: ${one.state}`)).toEqual(["army: queued", "city: delivered"]);
});
