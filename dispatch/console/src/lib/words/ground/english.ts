// The words of what the map shows beside nodes and events, and of measuring on it.

export const english = {
  layers: "Layers",
  past: "Past events",
  periods: { off: "none", day: "24 hours", week: "7 days", month: "30 days", year: "12 months" },
  as_dots: "as dots",
  as_density: "as density of gunshots",
  past_count: (n: number): string => (n === 1 ? "1 event" : `${n} events`),
  past_more: (n: number): string => `the newest ${n} of more`,
  past_event: (number: number, what: string, when: string): string => `${number}: ${what}, ${when}`,
  dots_note: "full: gunshots; ring: other sounds",
  hearing: "What is heard now",
  hearing_share: (percent: string): string => `${percent} of shots on this ground would be detected.`,
  hearing_note: "Close hatching: deaf, fewer than half of the shots; wide hatching: fewer than nine in ten.",
  hearing_zoned: "Reckoned from the squares that nodes stand in.",
  hearing_all: "Nothing here is deaf now.",
  zones: "Zones",
  streets: "Streets",
  tiles: "Map",
  failed: "This could not be fetched.",
  tiles_failed: "The map could not be drawn; here is the plan.",
  measure: "Measure",
  measure_help: "Press two places on the map; by keyboard, Enter takes the middle of the map. Esc ends it.",
  measured: (distance: string, degrees: string, quarter: string): string => `${distance}, ${degrees} ${quarter}`,
};

export type GroundWords = typeof english;
