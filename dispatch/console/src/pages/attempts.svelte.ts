// What a page asks of the centre, and what went wrong with the last of it, in the page's words.
import { settings } from "../lib/settings.svelte";
import { pageWords } from "./words";

export class Attempts {
  said = $state("");

  async make(work: () => Promise<void>): Promise<void> {
    this.said = "";
    try {
      await work();
    } catch (error) {
      this.said = pageWords(settings.language).failed(error);
    }
  }
}
