// What came in from elsewhere during the last day, as the centre has it: read with each event that is opened or changes,
// and told by the stream the moment that somebody enters it.
import { incoming, type CameIn, type Incident } from "./api";
import { who } from "./who.svelte";

class Incoming {
  private all = $state.raw<CameIn[]>([]);

  /** What is attached to an event, or may be about it. */
  about(event: Incident): CameIn[] {
    return this.all.filter((one) => one.attached.includes(event.number) || one.suggested.some((s) => s.event === event.id));
  }

  /** Read it anew, if the person may. */
  async read(): Promise<void> {
    if (who.me?.rights.includes("read-log")) this.all = await incoming.all();
  }

  take(one: CameIn): void {
    this.all = [...this.all.filter((other) => other.id !== one.id), one];
  }
}

export const cameIn = new Incoming();
