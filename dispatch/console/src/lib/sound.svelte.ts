// The sound of one event's shots: what nodes were asked for, and one clip at a time to listen to, with a reason each time.
import { clips, type Clip, type EventSound } from "./api";
import { attention } from "./attention.svelte";
import { isLoggedOut, refusalOf, type Refusal } from "./refusals";
import { who } from "./who.svelte";

const SOON_MS = 1_000; // between looks while a node has yet to answer
const LATER_MS = 10_000; // somebody else may ask
export const SLOW = 0.25; // rounds of a burst, and their echoes, can then be told apart

export class Sound {
  told = $state.raw<EventSound | null>(null);
  /** What a reason is being written for: to ask the nodes, or to listen to a clip. */
  wanted = $state.raw<"ask" | Clip | null>(null);
  because = $state("");
  busy = $state(false);
  refusal = $state.raw<Refusal | null>(null);
  playing = $state.raw<{ node: string; url: string } | null>(null);
  rate = $state(1);

  private timer = 0;
  private over = false;

  constructor(private readonly event: string) {}

  /** Look what comes, until the function that this gives is called. */
  follow(): () => void {
    void this.look();
    return () => {
      this.over = true;
      window.clearTimeout(this.timer);
      this.end();
      this.stop();
    };
  }

  begin(what: "ask" | Clip): void {
    [this.wanted, this.refusal] = [what, null];
    attention.hold();
    attention.writing = true;
  }

  end(): void {
    if (this.wanted === null) return;
    this.wanted = null;
    attention.writing = false;
  }

  async send(): Promise<void> {
    const what = this.wanted;
    if (what === null || this.busy) return;
    this.busy = true;
    try {
      if (what === "ask") this.took(await clips.ask(this.event, this.because.trim()));
      else this.play(what.node, await clips.hear(what.order, this.because.trim()));
      this.refusal = null;
      this.because = "";
      this.end();
    } catch (error) {
      if (isLoggedOut(error)) who.end();
      else this.refusal = refusalOf(error);
    } finally {
      this.busy = false;
    }
  }

  private play(node: string, sound: Blob): void {
    this.stop();
    this.playing = { node, url: URL.createObjectURL(sound) };
  }

  /** Nothing that was listened to stays in the page. */
  private stop(): void {
    if (this.playing !== null) URL.revokeObjectURL(this.playing.url);
    this.playing = null;
  }

  private async look(): Promise<void> {
    try {
      this.took(await clips.of(this.event));
    } catch (error) {
      if (isLoggedOut(error)) who.end();
      this.took(this.told);
    }
  }

  private took(told: EventSound | null): void {
    this.told = told;
    window.clearTimeout(this.timer);
    if (this.over) return;
    const waits = told?.clips.some((one) => one.state === "asked") ?? false;
    this.timer = window.setTimeout(() => void this.look(), waits ? SOON_MS : LATER_MS);
  }
}
