// The words of the page that gives many nodes other settings or another classifier.

/** A setting's value; the air's are told by name. */
export const plain = (value: unknown, names: Record<string, string>): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => `${names[name] ?? name}: ${String(one)}`).join("; ")
    : String(value);

/** Up to three nodes by name, more by their number. */
export const named = (nodes: readonly string[], count: string): string => (nodes.length <= 3 ? nodes.join(", ") : count);

const air = { temperature_c: "temperature, °C", humidity_pct: "humidity, %", speed_of_sound_ms: "speed of sound, m/s" };

export const english = {
  note: "Each node of a ring tries it, keeps it where all stays well, and goes back by itself where it does not; then the whole roll-out stops. The next ring begins once the last has it.",
  running: "Under way",
  past: "Earlier",
  none: "Nothing was rolled out yet.",
  begin: "Begin a roll-out",
  kind: "What",
  kinds: { settings: "settings", model: "a classifier" },
  which_model: "Which",
  registered: (name: string, digest: string, measured: number): string =>
    `${name} (${digest}), ${measured === 0 ? "never measured" : `measured ${measured === 1 ? "once" : `${measured} times`}`}`,
  no_models: "No classifier is registered. tocsin model register puts one into the folder that models in the centre's settings file names.",
  runs: "The nodes run",
  unknown: "not said yet",
  model: (digest: string): string => `classifier ${digest}`,
  own_model: "each node's own classifier again",
  settings: {
    ring_s: "Sound held in memory, s",
    health_interval_s: "Says how it is every, s",
    outbox_reports: "Reports that wait at most",
    outbox_mb: "Megabytes that wait at most",
    outbox_days: "Days that they wait at most",
    air: "Air",
  },
  air,
  value: (value: unknown): string => plain(value, air),
  own: (value: string): string => `as in the node's own file (${value} where it says nothing)`,
  nodes: (nodes: readonly string[]): string => named(nodes, `${nodes.length} nodes`),
  rings: "Rings",
  rings_note: "First on one node, then on a few, then on the rest. A node that does not listen holds the next ring up.",
  few_then_rest: "One, a few, the rest",
  by_zone: "Zone by zone",
  all_at_once: "All in one ring",
  clear: "None",
  ring: "Ring",
  ring_of: (node: string): string => `Ring of ${node}`,
  not_in: "not in it",
  holds_up: (nodes: readonly string[], rings: number): string =>
    `${named(nodes, `${nodes.length} nodes`)} ${nodes.length === 1 ? "does" : "do"} not listen and will hold up the ${rings} rings; put ${nodes.length === 1 ? "it" : "them"} last.`,
  trial: "Tried for, s",
  because: "Why, for the journal",
  go: (rings: readonly number[]): string => (rings.length === 0 ? "Begin" : `Begin on ${rings.join(", then ")} ${rings.length === 1 && rings[0] === 1 ? "node" : "nodes"}`),
  begun: (time: string, by: string): string => `Begun ${time} by ${by || "somebody"}`,
  by: (by: string): string => `By ${by || "somebody"}`,
  ended: (why: string): string => `Stopped because: ${why}`,
  states: { running: "under way", stopped: "stopped", finished: "every node has it" },
  steps: { waiting: "waits", given: "tries it", done: "has it", refused: "refused it", rolled_back: "went back" },
  given: "Given",
  progress: "Nodes that have it",
  have_it: (n: number, of: number): string => `${n} of ${of} nodes ${n === 1 ? "has" : "have"} it`,
  stop_why: "Why it is stopped",
  stop: "Stop the roll-out",
  stop_note: "Nothing more is given; nodes that have it keep it. To take it back there, roll out the former values.",
};

export type RollOutWords = typeof english;
