// Numbers as a person can use them: rounded to what is known, in the language's own signs, units after a space.
import type { Ellipse, Incident, Reason } from "./api";
import type { Language, Words } from "./words";

// A format costs a hundred times what formatting with it does: each is made once.
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function numberFormat(language: Language, least: number, most: number): Intl.NumberFormat {
  const key = `${language} ${least} ${most}`;
  const made = numbers.get(key) ?? new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: most });
  numbers.set(key, made);
  return made;
}

function dateFormat(language: Language, what: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(what)}`;
  const made = dates.get(key) ?? new Intl.DateTimeFormat(language, what);
  dates.set(key, made);
  return made;
}

const SPACE = "\u00a0"; // a figure and its unit stay on one line

const plain = (value: number, language: Language, digits = 0): string =>
  numberFormat(language, digits, digits).format(value);

/** 12 m, not 12.37 m; 140 m, not 137 m; 1.2 km. */
export function metres(value: number, language: Language): string {
  if (value >= 995) return `${numberFormat(language, 0, 1).format(value / 1000)}${SPACE}km`;
  const step = value < 100 ? 1 : 10;
  return `${Math.max(Math.round(value / step) * step, 1)}${SPACE}m`;
}

/** A probability in whole per cent; a machine is never certain, so never 0 % and never 100 %. */
export const percent = (value: number): string =>
  `${Math.round(100 * Math.min(Math.max(value, 0.01), 0.99))}${SPACE}%`;

export const decibels = (value: number | null, language: Language): string =>
  value === null ? "–" : `${plain(value, language).replace("-", "−")}${SPACE}dB`;

export const degrees = (value: number | null): string => (value === null ? "–" : `${Math.round(value) % 360}°`);

/** Milliseconds with their sign, a tenth below 10 ms. */
export function signedMs(value: number, language: Language): string {
  const digits = Math.abs(value) < 9.95 ? 1 : 0;
  const text = plain(Math.abs(value), language, digits);
  const sign = Number(Math.abs(value).toFixed(digits)) === 0 ? "" : value < 0 ? "−" : "+";
  return `${sign}${text}${SPACE}ms`;
}

/** A clock's uncertainty: 20 µs, 3 ms, 1.2 s. */
export function uncertainty(seconds: number, language: Language): string {
  if (seconds < 1e-3) return `${plain(Math.max(seconds * 1e6, 1), language)}${SPACE}µs`;
  if (seconds < 1) return `${plain(seconds * 1e3, language)}${SPACE}ms`;
  return `${plain(seconds, language, 1)}${SPACE}s`;
}

export const seconds = (value: number, language: Language): string => `${plain(value, language, 1)}${SPACE}s`;

/** Local time of day, 24 hours. */
export function clock(ms: number, language: Language, tenths = false): string {
  return dateFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    ...(tenths ? { fractionalSecondDigits: 1 as const } : {}),
  }).format(ms);
}

/** Time of day, with the day where it is not today. */
export function moment(ms: number, now: number, t: Words, language: Language): string {
  const [then, today] = [new Date(ms), new Date(now)];
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000);
  const time = clock(ms, language);
  if (days <= 0) return time;
  if (days === 1) return `${t.yesterday} ${time}`;
  return `${dateFormat(language, { day: "numeric", month: "short" }).format(ms)} ${time}`;
}

export const utc = (ms: number): string => `${new Date(ms).toISOString().replace("T", " ").slice(0, 23)} UTC`;

/** A length of time: 8 s, 3 min, 2 h, 5 d. */
export function lasting(ms: number, t: Words): string {
  const s = Math.max(Math.round(ms / 1000), 0);
  if (s < 90) return t.seconds(s);
  if (s < 5400) return t.minutes(Math.round(s / 60));
  if (s < 129_600) return t.hours(Math.round(s / 3600));
  return t.days(Math.round(s / 86_400));
}

export const ago = (ms: number, now: number, t: Words): string =>
  now - ms < 1500 ? t.just_now : t.ago(lasting(now - ms, t));

/** Whole axes, side to side: what has to be searched. */
export const size = (e: Ellipse, language: Language): string =>
  `${metres(2 * e.semi_major_m, language)} × ${metres(2 * e.semi_minor_m, language)}`;

export const extent = (e: Ellipse, t: Words, language: Language): string =>
  t.inside(percent(e.level), size(e, language));

/** "Possible gunshots, 3 rounds, 87 %": what and how sure, in one line; before all, that it is an exercise. */
export function headline(event: Incident, t: Words): string {
  const parts = [...(event.exercise ? [t.exercise] : []), t.called(event.label, event.count)];
  if (event.label === "gunshot") parts.push(t.rounds(event.count));
  if (event.label !== "withdrawn") parts.push(percent(event.probability));
  return parts.join(", ");
}

export const why = (reason: Reason, t: Words): string => t.reason[reason.code]?.(reason.values) ?? reason.text;

/** Why an arrival was left out; the solver's own "+31 ms off" is put into the person's language. */
export function refusal(text: string, t: Words, language: Language): string {
  const found = /^([+-]?\d+) ms off$/.exec(text);
  return t.refused(found === null ? text : t.off_by(signedMs(Number(found[1]), language)));
}

/** The nearest address in the person's language; it always says that it is not the place. */
export function nearestAddress(sentence: string, t: Words, language: Language): string {
  const found = /^nearest address, not the fix: (.+), (\d+) m away \((.*)\)$/.exec(sentence);
  return found === null ? sentence : t.nearest_address(found[1] ?? "", metres(Number(found[2]), language), found[3] ?? "");
}
