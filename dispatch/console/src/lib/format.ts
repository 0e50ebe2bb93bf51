// Numbers as a person can use them: rounded to what is known, in the language's own signs.
import type { Ellipse, Incident } from "./api";
import type { Language, Words } from "./words";

/** 12 m, not 12.37 m; 140 m, not 137 m; 1.2 km. */
export function metres(value: number, language: Language): string {
  const step = value < 100 ? 1 : 10;
  if (value < 1000) return `${Math.max(Math.round(value / step) * step, 1)} m`;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value / 1000)} km`;
}

/** A probability, never 100 % and never 0 %. */
export function percent(value: number, language: Language): string {
  const shown = Math.min(Math.max(value, 0.01), 0.99);
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(shown);
}

/** Local time of day, 24 hours. */
export function clock(ms: number, language: Language, tenths = false): string {
  return new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    ...(tenths ? { fractionalSecondDigits: 1 as const } : {}),
  }).format(ms);
}

export const utc = (ms: number): string => `${new Date(ms).toISOString().replace("T", " ").slice(0, 23)} UTC`;

/** How long ago: 8 s, 3 min, 2 h, 5 d. */
export function since(ms: number, now: number, t: Words): string {
  const seconds = Math.max(Math.round((now - ms) / 1000), 0);
  if (seconds < 90) return t.seconds(seconds);
  if (seconds < 5400) return t.minutes(Math.round(seconds / 60));
  if (seconds < 129_600) return t.hours(Math.round(seconds / 3600));
  return t.days(Math.round(seconds / 86_400));
}

export function extent(e: Ellipse, t: Words, language: Language): string {
  // whole axes, side to side: what has to be searched
  return t.inside(percent(e.level, language), metres(2 * e.semi_major_m, language), metres(2 * e.semi_minor_m, language));
}

export function headline(event: Incident, t: Words): string {
  if (event.label === "gunshot") return t.headline(event.count);
  return t.headline_other[event.label as keyof Words["headline_other"]] ?? t.headline_other.unknown;
}
