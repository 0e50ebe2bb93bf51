// What the person looks at, what needs a decision now, and whether the page may turn to something new by itself.
import { detail, type Incident, type IncidentDetail } from "./api";
import { review } from "./blind.svelte";
import { cameIn } from "./incoming.svelte";
import { live, type Change } from "./live.svelte";

const NOW_MS = 3_600_000; // what nobody took within the hour is still open, but shouts no more
const AT_WORK_MS = 20_000; // after a touch of the map
const READING_MS = 180_000; // after a touch of an event that was opened by hand
const DWELL_MS = 3000; // what the page turned to by itself stays at least so long, so that it can be read
const TURNED_MS = 700; // a press so soon after the page turned by itself was meant for what was there before

/** `near`: close by, in the middle; otherwise the map moves only if the event is out of sight. */
export type Flight = { event: Incident; near: boolean };

/** What to say aloud: an event that came, or one that went. */
type News = { event: Incident; gone: boolean };

class Attention {
  chosen = $state<string | null>(null);
  detail = $state.raw<IncidentDetail | null>(null);
  detailFailed = $state(false);
  news = $state.raw<News | null>(null);
  /** The event to bring into view; a new object for each wish. */
  flight = $state.raw<Flight | null>(null);
  /** The node that is pointed at: in a table, in the strip, on the map. */
  node = $state<string | null>(null);
  pointed = $state<string | null>(null);
  /** Called when possible gunshots came, once for those that came together. */
  onShot: () => void = () => {};

  /** The open event; not where it is still to be answered blind. */
  event = $derived(live.events.find((e) => e.id === this.chosen && !review.hides(e)) ?? null);
  blind = $derived(live.hidden.find((e) => e.id === this.chosen) ?? null);
  /** Possible gunshots of the last hour that nobody has taken: on every screen the same, whoever looked at them. */
  waiting = $derived(new Set(live.shots.filter((e) => e.status === "open" && live.now - e.updated_ms < NOW_MS).map((e) => e.id)));
  /** The newest one that waits and is not shown. */
  next = $derived(live.shots.find((e) => this.waiting.has(e.id) && e.id !== this.chosen) ?? null);

  /** Whether the person opened what is open. */
  byHand = $state(false);
  /** Whether a form is open: nothing turns away from it. */
  writing = false;

  private touchedAt = 0;
  private turnedAt = 0;

  constructor() {
    live.onFirst = () => this.first();
    live.onAgain = () => void this.refresh();
    live.onChanges = (changes) => this.took(changes);
  }

  /** The person is at work: do not turn away from what is shown. */
  touch(): void {
    this.touchedAt = Date.now();
  }

  /** The person opens an event. */
  open(event: Incident, near = true): void {
    this.hold();
    this.turnTo(event, near);
  }

  /** The person opens an event by its id, however old it is. */
  async openById(id: string): Promise<void> {
    try {
      const known = live.events.find((e) => e.id === id) ?? (await detail(id));
      live.hold(known);
      this.open(known);
    } catch {
      this.detailFailed = true; // there is none, or the centre is away: nothing opens
    }
  }

  close(): void {
    this.chosen = null;
    this.detail = null;
    this.byHand = false;
  }

  /** The person works on what is shown: the page does not turn away from it. */
  hold(): void {
    this.touch();
    this.byHand = true;
    this.turnedAt = 0;
  }

  /** Whether what is shown came by itself this very moment. */
  get justTurned(): boolean {
    return Date.now() - this.turnedAt < TURNED_MS;
  }

  /** Read the open event's details again, and what came in that may be about it. */
  async refresh(): Promise<void> {
    const id = this.chosen;
    if (id === null || this.blind !== null) return;
    try {
      const found = await detail(id);
      if (this.chosen !== id) return;
      this.detail = found;
      this.detailFailed = false;
      await cameIn.read();
    } catch {
      if (this.chosen === id) this.detailFailed = true;
    }
  }

  private first(): void {
    const newest = live.shots.find((e) => this.waiting.has(e.id));
    if (newest !== undefined) this.offer(newest, false);
  }

  private took(changes: readonly Change[]): void {
    const fresh: Incident[] = [];
    for (const { event, before } of changes) {
      if (review.hides(event)) continue;
      const was = before?.label === "gunshot";
      if (event.label === "gunshot") {
        if (!was && event.status === "open") fresh.push(event);
      } else if (was) this.news = { event, gone: true };
    }
    const newest = fresh.at(-1);
    if (newest !== undefined) {
      this.news = { event: newest, gone: false };
      this.onShot();
      this.offer(newest, true);
    }
    if (newest?.id !== this.chosen && changes.some((c) => c.event.id === this.chosen)) void this.refresh();
  }

  /** Open it, unless the person is at work elsewhere, or the screen is too small for both map and event. */
  private offer(event: Incident, near: boolean): void {
    const held = this.chosen !== null && this.byHand ? READING_MS : AT_WORK_MS;
    if (this.writing || Date.now() - this.touchedAt < held || Date.now() - this.turnedAt < DWELL_MS) return;
    this.byHand = false;
    this.turnedAt = Date.now();
    if (matchMedia("(max-width: 900px)").matches) this.flight = { event, near };
    else this.turnTo(event, near);
  }

  private turnTo(event: Incident, near: boolean): void {
    if (this.chosen !== event.id) this.detail = null;
    this.chosen = event.id;
    if (review.hides(event)) return;
    this.flight = { event, near };
    void this.refresh();
  }
}

export const attention = new Attention();
