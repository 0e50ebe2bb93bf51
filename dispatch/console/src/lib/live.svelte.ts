// The page's copy of the centre: loaded once, then kept by server-sent events. The browser reconnects by itself and
// names the last event it saw, so that nothing is missed.
import { detail, state, type Incident, type IncidentDetail, type ListeningNode } from "./api";

class Live {
  nodes = $state<ListeningNode[]>([]);
  events = $state<Incident[]>([]);
  name = $state("");
  loaded = $state(false);
  lostAt = $state<number | null>(null);
  now = $state(Date.now());
  chosen = $state<string | null>(null);
  detail = $state<IncidentDetail | null>(null);
  /** The newest shot that came in live, not from the first load. */
  newest = $state<Incident | null>(null);

  private skewMs = 0;
  private stream: EventSource | null = null;

  shots = $derived(this.events.filter((e) => e.label === "gunshot"));
  others = $derived(this.events.filter((e) => e.label !== "gunshot"));

  start(): () => void {
    const clock = setInterval(() => (this.now = Date.now() + this.skewMs), 1000);
    void this.load();
    return () => {
      clearInterval(clock);
      this.stream?.close();
    };
  }

  private async load(): Promise<void> {
    try {
      const all = await state();
      this.skewMs = all.now_ms - Date.now();
      this.now = all.now_ms;
      [this.nodes, this.events, this.name] = [all.nodes, all.events, all.name];
      this.loaded = true;
      this.lostAt = null;
      this.follow(all.last_id);
    } catch {
      this.lostAt ??= this.now;
      setTimeout(() => void this.load(), 2000);
    }
  }

  private follow(lastId: number): void {
    this.stream?.close();
    const stream = new EventSource(`/api/stream?last_id=${lastId}`);
    stream.onopen = () => (this.lostAt = null);
    stream.onerror = () => {
      this.lostAt ??= this.now;
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => void this.load(), 2000);
    };
    stream.addEventListener("event", (message) => this.take(JSON.parse(message.data) as Incident));
    stream.addEventListener("node", (message) => this.hear(JSON.parse(message.data) as ListeningNode));
    this.stream = stream;
  }

  private take(event: Incident): void {
    const known = this.events.find((e) => e.id === event.id);
    const rest = this.events.filter((e) => e.id !== event.id);
    this.events = [event, ...rest].sort((a, b) => b.time_ms - a.time_ms);
    if (event.label === "gunshot" && known?.label !== "gunshot") this.newest = event;
    if (this.chosen === event.id) void this.refresh();
  }

  private hear(node: ListeningNode): void {
    const at = this.nodes.findIndex((n) => n.id === node.id);
    if (at < 0) this.nodes = [...this.nodes, node].sort((a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }));
    else this.nodes[at] = node;
  }

  choose(id: string | null): void {
    this.chosen = id;
    this.detail = null;
    if (id !== null) void this.refresh();
  }

  private async refresh(): Promise<void> {
    const id = this.chosen;
    if (id === null) return;
    try {
      const found = await detail(id);
      if (this.chosen === id) this.detail = found;
    } catch {
      this.lostAt ??= this.now;
    }
  }
}

export const live = new Live();
