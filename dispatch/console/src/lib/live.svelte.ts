// The page's copy of the centre: loaded once, then kept by server-sent events. The browser reconnects by itself and
// names the last message it saw, so that nothing is missed; after a break everything is read again as well.
import { Refused, state, type CameIn, type Globe, type Incident, type ListeningNode, type Place, type State } from "./api";
import { review } from "./blind.svelte";
import { cameIn } from "./incoming.svelte";
import { who } from "./who.svelte";

const RETRY_MS = 2000;
const QUIET_MS = 20_000; // nodes report every few seconds: longer silence than this is asked about
const ASLEEP_MS = 5000; // a second that lasts this long means that the computer slept
export const KEPT = 1000;
const OTHERS_KEPT = 300; // a night of fireworks never pushes a shot off the page
const TOGETHER_MS = 40; // what comes within this time is drawn at once: a thousand events a minute stay usable
const NODES_TOGETHER_MS = 250; // two hundred nodes report every three seconds, and none of it is urgent

/** A square that nodes stand in: how many there are, and how many listen. */
export interface Zone {
  id: string;
  corners: Place[];
  nodes: number;
  listening: number;
}

/** An event that is new or changed, with what was known of it before. */
export type Change = { event: Incident; before: Incident | null };

class Live {
  nodes = $state.raw<ListeningNode[]>([]);
  events = $state.raw<Incident[]>([]);
  /** Whether older events came than the page keeps. */
  capped = $state(false);
  name = $state("");
  origin = $state.raw<Globe | null>(null);
  loaded = $state(false);
  /** Since when the centre does not answer; null while it does. Centre's time, as are all below. */
  lostAt = $state<number | null>(null);
  /** When anything was last heard from the centre. */
  heardAt = $state(0);
  now = $state(Date.now());

  /** What an analyst has yet to answer blind; of these nothing else on the page tells anything. */
  hidden = $derived(this.events.filter((e) => review.hides(e)));
  shots = $derived(this.events.filter((e) => e.label === "gunshot" && !review.hides(e)));
  others = $derived(this.events.filter((e) => e.label !== "gunshot" && !review.hides(e)));
  listening = $derived(this.nodes.filter(hears));

  /** The nodes whose places are ours to see, and for the others the squares that they stand in. */
  placed = $derived(this.nodes.filter((n) => n.zone_m === null));
  zones = $derived(squares(this.nodes));
  /** What the whole network takes up. */
  reach = $derived([...this.placed, ...this.zones.flatMap((z) => z.corners)]);

  /** Told of the events that are new or changed. */
  onChanges: (changes: readonly Change[]) => void = () => {};
  /** Told of the events that were there when the page was opened. */
  onFirst: (events: readonly Incident[]) => void = () => {};

  /** Told when everything was read again, after a break. */
  onAgain: () => void = () => {};

  private skewMs = 0; // the browser's clock may be an hour wrong; the centre's is the one that counts
  private stream: EventSource | null = null;
  private loading = false;
  private coming: Incident[] = [];
  private reporting: ListeningNode[] = [];
  private held = "";
  private retry: ReturnType<typeof setTimeout> | undefined;

  start(): () => void {
    const ticking = setInterval(() => this.tick(), 1000);
    who.onBack = () => void this.load();
    void this.load();
    return () => {
      clearInterval(ticking);
      clearTimeout(this.retry);
      this.stream?.close();
    };
  }

  private tick(): void {
    const before = this.now;
    this.now = Date.now() + this.skewMs;
    const slept = this.now - before > ASLEEP_MS;
    if (this.loaded && this.lostAt === null && (slept || this.now - this.heardAt > QUIET_MS)) void this.load();
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    clearTimeout(this.retry);
    try {
      this.accept(await state());
    } catch (error) {
      this.lose();
      if (error instanceof Refused && error.status === 401) who.end();
      else this.retry = setTimeout(() => void this.load(), RETRY_MS);
    } finally {
      this.loading = false;
    }
  }

  private accept(all: State): void {
    this.skewMs = all.now_ms - Date.now();
    this.heard();
    [this.nodes, this.name, this.origin] = [all.nodes, all.name, all.origin];
    if (this.loaded) {
      this.take([...all.events].reverse());
      this.onAgain();
    } else {
      this.events = sorted(all.events);
      this.loaded = true;
      this.onFirst(this.events);
    }
    if (this.stream === null || this.stream.readyState === EventSource.CLOSED) this.follow(all.last_id);
    else if (this.stream.readyState === EventSource.OPEN) this.lostAt = null;
  }

  private follow(lastId: number): void {
    this.stream?.close();
    const stream = new EventSource(`/api/stream?last_id=${lastId}`);
    let broken = false;
    stream.onopen = () => {
      this.heard();
      if (broken) void this.load();
      else this.lostAt = null;
      broken = false;
    };
    stream.onerror = () => {
      this.lose();
      broken = true;
      if (stream.readyState === EventSource.CLOSED) this.retry = setTimeout(() => void this.load(), RETRY_MS);
    };
    stream.addEventListener("event", (message) => {
      this.heard();
      if (this.coming.push(JSON.parse(message.data) as Incident) > 1) return;
      setTimeout(() => this.take(this.coming.splice(0)), TOGETHER_MS);
    });
    stream.addEventListener("node", (message) => {
      this.heard();
      if (this.reporting.push(JSON.parse(message.data) as ListeningNode) > 1) return;
      setTimeout(() => this.hear(this.reporting.splice(0)), NODES_TOGETHER_MS);
    });
    stream.addEventListener("incoming", (message) => {
      this.heard();
      cameIn.take(JSON.parse(message.data) as CameIn);
    });
    stream.addEventListener("gone", (message) => {
      this.heard();
      this.forget((JSON.parse(message.data) as { id: string }).id);
    });
    this.stream = stream;
  }

  private heard(): void {
    this.now = this.heardAt = Date.now() + this.skewMs;
  }

  private lose(): void {
    this.lostAt ??= Date.now() + this.skewMs;
  }

  /** Keep an event however old it is: somebody opened it. */
  hold(event: Incident): void {
    this.held = event.id;
    this.take([event]);
  }

  /** Take in events as the centre tells them; an older state of one is left. */
  take(events: readonly Incident[]): void {
    const known = new Map(this.events.map((e) => [e.id, e]));
    const changes: Change[] = [];
    for (const event of events) {
      const before = known.get(event.id) ?? null;
      if (before !== null && before.updated_ms > event.updated_ms) continue;
      known.set(event.id, event);
      if (before === null || before.updated_ms < event.updated_ms) changes.push({ event, before });
    }
    const counts = { shots: 0, others: 0 };
    this.events = sorted([...known.values()]).filter((e) => {
      const fits = e.label === "gunshot" ? ++counts.shots <= KEPT : ++counts.others <= OTHERS_KEPT;
      return fits || e.id === this.held;
    });
    this.capped ||= counts.shots > KEPT;
    if (changes.length > 0) this.onChanges(changes);
  }

  /** A node is listed no more: it was of an exercise that is over. */
  private forget(id: string): void {
    this.reporting = this.reporting.filter((n) => n.id !== id);
    this.nodes = this.nodes.filter((n) => n.id !== id);
  }

  private hear(reports: readonly ListeningNode[]): void {
    const known = new Map(this.nodes.map((n) => [n.id, n]));
    for (const node of reports) known.set(node.id, node);
    this.nodes = [...known.values()];
  }
}

const hears = (n: ListeningNode): boolean => n.state === "ok" || n.state === "degraded";

const sorted = (events: readonly Incident[]): Incident[] => [...events].sort((a, b) => b.time_ms - a.time_ms);

function squares(nodes: readonly ListeningNode[]): Zone[] {
  const found = new Map<string, Zone>();
  for (const node of nodes) {
    if (node.zone_m === null) continue;
    const [id, half] = [`${node.x} ${node.y}`, node.zone_m / 2];
    const turns = [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const;
    const corners = turns.map(([i, j]) => ({ x: node.x + i * half, y: node.y + j * half }));
    const zone = found.get(id) ?? { id, corners, nodes: 0, listening: 0 };
    found.set(id, { ...zone, nodes: zone.nodes + 1, listening: zone.listening + (hears(node) ? 1 : 0) });
  }
  return [...found.values()];
}

export const live = new Live();
