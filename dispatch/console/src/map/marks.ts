// A node's health as a shape: told apart without colour.
import type { NodeState } from "../lib/api";

/** SVG paths about the origin, some 14 pixels across; the open ones are drawn as lines. */
export const MARKS: Record<NodeState, { path: string; open: boolean }> = {
  ok: { path: "M0-6A6 6 0 1 1-.01-6Z", open: false },
  degraded: { path: "M0-8L8 6H-8Z", open: false },
  fault: { path: "M0-8.5L8.5 0L0 8.5L-8.5 0Z", open: false },
  failed: { path: "M-6.5-6.5H6.5V6.5H-6.5Z", open: false },
  deaf: { path: "M-8-6H8L0 8Z", open: false },
  out_of_mandate: { path: "M-4-6.5V6.5M4-6.5V6.5", open: true },
  starting: { path: "M0-6A6 6 0 0 1 0 6", open: true },
  silent: { path: "M-6-6L6 6M6-6L-6 6", open: true },
  revoked: { path: "M-6-6H6V6H-6ZM-6-6L6 6", open: true },
  new: { path: "M0-6A6 6 0 1 1-.01-6Z", open: true },
};

/** Worst first: what asks for hands stands where eyes begin. */
export const WORST: readonly NodeState[] = [
  "failed",
  "deaf",
  "fault",
  "silent",
  "degraded",
  "out_of_mandate",
  "revoked",
  "starting",
  "new",
  "ok",
];
