// What the map shows beside nodes and events: the site's ground and zones, what is heard now, past events.
import { groundApi, type GroundFiles, type Hearing, type History, type Place } from "./api";
import { live } from "./live.svelte";

export const PERIODS = ["off", "day", "week", "month", "year"] as const;
export type Period = (typeof PERIODS)[number];

const DAY_MS = 86_400_000;
const DAYS: Record<Exclude<Period, "off">, number> = { day: 1, week: 7, month: 30, year: 365 };
const AGAIN_MS = 30_000;

class GroundLayers {
  files = $state.raw<GroundFiles | null>(null);
  /** Lines of x, y, x, y … in metres. */
  lines = $state.raw<number[][]>([]);
  hearing = $state.raw<Hearing | null>(null);
  history = $state.raw<History | null>(null);
  failed = $state(false);

  base = $state(true);
  zones = $state(true);
  hears = $state(false);
  period = $state<Period>("off");
  density = $state(false);

  /** Whether presses on the map measure, and the one or two places pressed. */
  measuring = $state(false);
  marks = $state.raw<Place[]>([]);

  /** The past events without those that this person has yet to judge. */
  past = $derived.by((): History | null => {
    const history = this.history;
    if (history === null || live.hidden.length === 0) return history;
    const hidden = new Set(live.hidden.map((e) => e.number));
    const kept = history.number.flatMap((number, i) => (hidden.has(number) ? [] : [i]));
    const of = <T>(values: T[]): T[] => kept.map((i) => values[i]!);
    const { number, x, y, time_ms, label, more } = history;
    return { number: of(number), x: of(x), y: of(y), time_ms: of(time_ms), label: of(label), more };
  });

  /** Whether the next press on the map tells a form a place, and the place told. */
  picking = $state(false);
  picked = $state.raw<Place | null>(null);

  pick(place: Place): void {
    this.picked = place;
    this.picking = false;
  }

  measure(on: boolean): void {
    this.measuring = on;
    this.marks = [];
  }

  /** One end of the way to measure; a third place begins anew. */
  mark(place: Place): void {
    this.marks = this.marks.length < 2 ? [...this.marks, place] : [place];
  }

  async begin(): Promise<void> {
    this.files = await this.ask(groundApi.files());
    if (this.files?.streets === true && !this.files.tiles) this.lines = (await this.ask(groundApi.streets())) ?? [];
  }

  /** Where no tiles can be drawn after all. */
  async fallBack(): Promise<void> {
    if (this.files === null) return;
    this.files = { ...this.files, tiles: false };
    if (this.files.streets) this.lines = (await this.ask(groundApi.streets())) ?? [];
  }

  async look(period: Period): Promise<void> {
    this.period = period;
    if (period === "off") {
      this.history = null;
      return;
    }
    const found = await this.ask(groundApi.history(Math.floor(live.now - DAYS[period] * DAY_MS)));
    if (this.period === period) this.history = found;
  }

  /** Keep what is heard now up to date for as long as it is shown. */
  listen(): () => void {
    const again = async (): Promise<void> => {
      this.hearing = await this.ask(groundApi.hearing());
    };
    void again();
    const timer = setInterval(() => void again(), AGAIN_MS);
    return () => clearInterval(timer);
  }

  private async ask<T>(coming: Promise<T>): Promise<T | null> {
    try {
      const found = await coming;
      this.failed = false;
      return found;
    } catch {
      this.failed = true;
      return null;
    }
  }
}

export const ground = new GroundLayers();
