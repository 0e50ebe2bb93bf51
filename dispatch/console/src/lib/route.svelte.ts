// Which page is shown, by the address after the #: the board where it names none, an event of the board by its id.
import type { Incident } from "./api";
import { who } from "./who.svelte";

/** Every page but the board, and the right that it takes. */
export const PAGES = {
  search: "see-events",
  replay: "see-places",
  handover: "read-log",
  figures: "see-events",
  labels: "label",
  nodes: "administer",
  people: "administer",
  alerts: "read-journal",
  models: "administer",
  rollouts: "administer",
  keeping: "administer",
  site: "administer",
  journal: "read-journal",
  drill: "administer",
  start: "administer",
} as const;
export type PageName = keyof typeof PAGES;

/** The pages of administration, in the order of their tabs. */
export const ADMINISTRATION: readonly PageName[] = ["nodes", "people", "alerts", "models", "rollouts", "site", "keeping", "journal", "drill", "start"];

/** The page that locates anew what was reported in a span of time (UTC ms), as a search or an event asks for it. */
export const replayOf = (since: number, until: number, zone = ""): string =>
  `#/replay/${new URLSearchParams({ since: String(since), until: String(until), ...(zone === "" ? {} : { zone }) })}`;

const AROUND_MS = 5000;

/** The same of the seconds around an event. */
export function replayOfEvent(event: Incident): string {
  const times = [event.time_ms, ...event.shots.map((shot) => shot.time_ms)];
  return replayOf(1000 * Math.floor((Math.min(...times) - AROUND_MS) / 1000), 1000 * Math.ceil((Math.max(...times) + AROUND_MS) / 1000));
}

const isPage = (name: string): name is PageName => name in PAGES;

class Route {
  private name = $state("");
  /** What the address has after the page's name. */
  rest = $state("");

  /** Null: the board. */
  page = $derived<PageName | null>(isPage(this.name) && this.may(this.name) ? this.name : null);
  /** The event that the address asks for. */
  event = $derived(this.name === "event" && this.rest !== "" ? decodeURIComponent(this.rest) : null);

  constructor() {
    this.read();
    addEventListener("hashchange", () => this.read());
  }

  may(page: PageName): boolean {
    return who.me !== null && who.me.role !== "wall" && who.me.rights.includes(PAGES[page]);
  }

  toBoard(): void {
    location.hash = "";
  }

  private read(): void {
    [, this.name = "", this.rest = ""] = location.hash.split("/");
  }
}

export const route = new Route();
