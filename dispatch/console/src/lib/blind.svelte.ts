// An analyst answers before seeing what the machine says: until then an event is shown without place, class, probability.
import { SvelteSet } from "svelte/reactivity";

import type { Incident } from "./api";
import { who } from "./who.svelte";

const KEPT = 2000;

class BlindReview {
  readonly asked = $derived(who.me?.role === "analyst");

  private shown = new SvelteSet<string>(remembered());

  /** Whether this person may still answer blind, so that the page tells nothing of it. */
  hides(event: Incident): boolean {
    if (!this.asked || event.status === "closed" || this.shown.has(event.id)) return false;
    return event.verdict?.by !== who.me?.name && event.taken_by !== who.me?.name;
  }

  /** From now on they are shown, and can be answered blind no more on this browser. */
  show(events: readonly Incident[]): void {
    for (const event of events) this.shown.add(event.id);
    localStorage.setItem("shown", JSON.stringify([...this.shown].slice(-KEPT)));
  }
}

/** What was shown on earlier visits; damaged, it is forgotten: the centre still refuses who dealt with an event. */
function remembered(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem("shown") ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

export const review = new BlindReview();
