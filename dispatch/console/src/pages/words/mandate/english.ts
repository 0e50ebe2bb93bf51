// The words of a mandate's zone, and of who has the mandate.

export const english = {
  note: "Outside of it a node does not listen: not before, not after, not beyond its zone.",
  have_it: (n: number, of: number): string => (n === of ? (of === 1 ? "The node has it." : `All ${of} nodes have it.`) : `${n} of ${of} nodes ${n === 1 ? "has" : "have"} it.`),
  lacking: (nodes: readonly string[]): string => `Not said so yet: ${nodes.join(", ")}. Each gets it with the answer to its next report.`,
  map: "The nodes and the zone from above; a click adds a corner",
  corners: "Corners of the zone: metres east, north",
  draw_note: "A corner a line, or a click on the map. An empty line begins another outline; one within another is a hole. A file of polygons is read by tocsin centre mandate --zone.",
  anew: "Draw it anew",
  around: (metres: number): string => `Around the nodes, by ${metres} m`,
  no_zone: "The zone needs an outline of three corners or more, each a line such as 120, -40.",
  outside: (nodes: readonly string[]): string => `Outside, so that ${nodes.length === 1 ? "it" : "they"} will stop listening: ${nodes.join(", ")}.`,
};

export type MandateWords = typeof english;
