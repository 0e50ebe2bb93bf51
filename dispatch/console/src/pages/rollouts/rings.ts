// Which ring each node is in, from 1; 0: in none.
import type { Target } from "../api";

export type Rings = Record<string, number>;

export const listens = (one: Target): boolean => one.state === "ok" || one.state === "degraded";

/** One, a few, the rest. A node that does not listen holds the next ring up, so it comes last. */
export function fewThenRest(nodes: readonly Target[]): Rings {
  const order = [...nodes].sort((a, b) => Number(listens(b)) - Number(listens(a)));
  const few = Math.max(2, Math.round(nodes.length / 10));
  return Object.fromEntries(order.map((one, at) => [one.node, at === 0 ? 1 : at <= few && listens(one) ? 2 : 3]));
}

/** Zone by zone, in the order of their names; what lies in none comes last. */
export function byZone(nodes: readonly Target[]): Rings {
  const zones = [...new Set(nodes.map((one) => one.zone))].sort((a, b) => Number(a === "") - Number(b === "") || a.localeCompare(b));
  return Object.fromEntries(nodes.map((one) => [one.node, zones.indexOf(one.zone) + 1]));
}

/** As the centre wants them: in order, without the empty ones. */
export function inOrder(rings: Rings): string[][] {
  const numbers = [...new Set(Object.values(rings))].filter((ring) => ring > 0).sort((a, b) => a - b);
  return numbers.map((ring) => Object.keys(rings).filter((node) => rings[node] === ring));
}

/** Which nodes have which value; those that were given none are told as null. */
export function present(nodes: readonly Target[], value: (one: Target) => unknown): { value: unknown; nodes: string[] }[] {
  const found = new Map<string, { value: unknown; nodes: string[] }>();
  for (const one of nodes) {
    const has = value(one) ?? null;
    const same = found.get(JSON.stringify(has)) ?? { value: has, nodes: [] };
    found.set(JSON.stringify(has), { value: has, nodes: [...same.nodes, one.node] });
  }
  return [...found.values()].sort((a, b) => b.nodes.length - a.nodes.length);
}
