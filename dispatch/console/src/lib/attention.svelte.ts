// What the person looks at, what still waits for a look, and whether the page may turn to something new by itself.
import { SvelteSet } from "svelte/reactivity";

import { detail, type Incident, type IncidentDetail } from "./api";
import { live, type Change } from "./live.svelte";

const RECENT_MS = 15 * 60_000; // what happened before the page was opened waits for a look only this long
const AT_WORK_MS = 20_000; // after a touch of the map
const READING_MS = 180_000; // after a touch of an event that was opened by hand
const SEEN_KEPT = 500;

/** `near`: close by, in the middle; otherwise the map moves only if the event is out of sight. */
export type Flight = { event: Incident; near: boolean };

/** What to say aloud: an event that came, or one that went. */
type News = { event: Incident; gone: boolean };

/** What was looked at on earlier visits; damaged, it is forgotten: to look twice is better than to see nothing. */
function remembered(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem("seen") ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

class Attention {
  chosen = $state<string | null>(null);
  detail = $state.raw<IncidentDetail | null>(null);
  detailFailed = $state(false);
  /** Possible gunshots that nobody has looked at on this screen. */
  waiting = new SvelteSet<string>();
  news = $state.raw<News | null>(null);
  /** The event to bring into view; a new object for each wish. */
  flight = $state.raw<Flight | null>(null);
  /** The node that is pointed at: in a table, in the strip, on the map. */
  node = $state<string | null>(null);
  pointed = $state<string | null>(null);
  /** Called when possible gunshots came, once for those that came together. */
  onShot: () => void = () => {};

  event = $derived(live.events.find((e) => e.id === this.chosen) ?? null);
  /** The newest one that waits and is not open. */
  next = $derived(live.shots.find((e) => this.waiting.has(e.id) && e.id !== this.chosen) ?? null);

  private seen = new Set(remembered());
  private byHand = false;
  private touchedAt = 0;

  constructor() {
    live.onFirst = (events) => this.first(events);
    live.onAgain = () => void this.refresh();
    live.onChanges = (changes) => this.took(changes);
  }

  /** The person is at work: do not turn away from what is shown. */
  touch(): void {
    this.touchedAt = Date.now();
  }

  /** The person opens an event. */
  open(event: Incident, near = true): void {
    this.look(event.id);
    this.turnTo(event, near);
  }

  close(): void {
    this.chosen = null;
    this.detail = null;
    this.byHand = false;
  }

  /** The person looks at it: it waits no more, and the page does not turn away from it. */
  look(id: string): void {
    this.touch();
    this.byHand = true;
    if (!this.waiting.delete(id)) return;
    this.seen.add(id);
    localStorage.setItem("seen", JSON.stringify([...this.seen].slice(-SEEN_KEPT)));
  }

  private first(events: readonly Incident[]): void {
    for (const event of events) if (live.now - event.time_ms < RECENT_MS) this.wait(event);
    const newest = live.shots.find((e) => this.waiting.has(e.id));
    if (newest !== undefined) this.offer(newest, false);
  }

  private took(changes: readonly Change[]): void {
    const fresh: Incident[] = [];
    for (const { event, before } of changes) {
      const was = before?.label === "gunshot";
      if (event.label !== "gunshot") {
        this.waiting.delete(event.id);
        if (was) this.news = { event, gone: true };
      } else if (!was && this.wait(event)) fresh.push(event);
    }
    const newest = fresh.at(-1);
    if (newest !== undefined) {
      this.news = { event: newest, gone: false };
      this.onShot();
      this.offer(newest, true);
    }
    if (newest?.id !== this.chosen && changes.some((c) => c.event.id === this.chosen)) void this.refresh();
  }

  private wait(event: Incident): boolean {
    if (event.label !== "gunshot" || this.seen.has(event.id)) return false;
    this.waiting.add(event.id);
    return true;
  }

  /** Open it, unless the person is at work elsewhere, or the screen is too small for both map and event. */
  private offer(event: Incident, near: boolean): void {
    const held = this.chosen !== null && this.byHand ? READING_MS : AT_WORK_MS;
    if (Date.now() - this.touchedAt < held) return;
    this.byHand = false;
    if (matchMedia("(max-width: 900px)").matches) this.flight = { event, near };
    else this.turnTo(event, near);
  }

  private turnTo(event: Incident, near: boolean): void {
    if (this.chosen !== event.id) this.detail = null;
    this.chosen = event.id;
    this.flight = { event, near };
    void this.refresh();
  }

  private async refresh(): Promise<void> {
    const id = this.chosen;
    if (id === null) return;
    try {
      const found = await detail(id);
      if (this.chosen !== id) return;
      this.detail = found;
      this.detailFailed = false;
    } catch {
      if (this.chosen === id) this.detailFailed = true;
    }
  }
}

export const attention = new Attention();
