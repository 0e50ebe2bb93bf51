import { expect, test } from "vitest";

import type { Target } from "../api";
import { byZone, fewThenRest, inOrder, present } from "./rings";

const target = (node: string, more: Partial<Target> = {}): Target => ({ node, zone: "", state: "ok", taken: {}, model: "", ...more });

test("the first to try it listens, and a node that does not comes last", () => {
  const nodes = [target("a", { state: "silent" }), target("b"), target("c", { state: "degraded" }), target("d"), target("e")];
  expect(inOrder(fewThenRest(nodes))).toEqual([["b"], ["c", "d"], ["e", "a"]]);
});

test("a town of fifty tries it on one, then on a tenth of it", () => {
  const nodes = Array.from({ length: 50 }, (_, n) => target(`n${n}`));
  expect(inOrder(fewThenRest(nodes)).map((ring) => ring.length)).toEqual([1, 5, 44]);
});

test("a lone node is a ring, and rings without nodes are none", () => {
  expect(inOrder(fewThenRest([target("a")]))).toEqual([["a"]]);
  expect(inOrder({ a: 4, b: 0, c: 2 })).toEqual([["c"], ["a"]]);
});

test("zone by zone, what lies in none at the end", () => {
  const nodes = [target("a"), target("b", { zone: "Port" }), target("c", { zone: "Mairie" }), target("d", { zone: "Port" })];
  expect(inOrder(byZone(nodes))).toEqual([["c"], ["b", "d"], ["a"]]);
});

test("present values are told with who has them, the commonest first", () => {
  const nodes = [target("a", { taken: { ring_s: 60 } }), target("b"), target("c")];
  expect(present(nodes, (one) => one.taken["ring_s"])).toEqual([
    { value: null, nodes: ["b", "c"] },
    { value: 60, nodes: ["a"] },
  ]);
});
