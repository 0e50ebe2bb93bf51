// Which page is shown, by the address after the #: the board where it names none, an event of the board by its id.
import { who } from "./who.svelte";

/** Every page but the board, and the right that it takes. */
export const PAGES = {
  search: "see-events",
  handover: "read-log",
  figures: "see-events",
  nodes: "administer",
  people: "administer",
  alerts: "read-journal",
  models: "administer",
  keeping: "administer",
  journal: "read-journal",
  drill: "administer",
  start: "administer",
} as const;
export type PageName = keyof typeof PAGES;

/** The pages of administration, in the order of their tabs. */
export const ADMINISTRATION: readonly PageName[] = ["nodes", "people", "alerts", "models", "keeping", "journal", "drill", "start"];

const isPage = (name: string): name is PageName => name in PAGES;

class Route {
  private name = $state("");
  private rest = $state("");

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
