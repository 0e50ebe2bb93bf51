// A sitting of labelling: what waits for this person's answer, the clip that is open, and the answers given in it.
import { clips as clipsApi, Refused } from "../lib/api";
import { labels, type ClipImpulse, type LabelClip, type LabelName } from "./api";

const BEFORE_S = 0.5; // of sound that is played: as `tocsin model label` does
const AFTER_S = 1;
const HALF = 0.5; // of full scale, at the loudest

/** The classes, by their key: those of `tocsin model label`. */
export const KEYS: Record<string, LabelName> = { g: "gunshot", s: "shock_wave", f: "firework", o: "other", u: "unknown" };

export interface Asked {
  clip: LabelClip;
  impulse: ClipImpulse;
}
interface Open {
  order: string;
  sound: AudioBuffer;
}

export class Labelling {
  clips = $state.raw<LabelClip[] | null>(null);
  because = $state("");
  begun = $state(false);
  open = $state.raw<Open | null>(null);
  busy = $state(false);

  all = $derived((this.clips ?? []).flatMap((clip) => clip.impulses.map((impulse): Asked => ({ clip, impulse }))));
  waiting = $derived(this.all.filter(({ impulse }) => impulse.mine === null));
  /** What is asked about now. */
  asked = $derived(this.begun ? (this.waiting[0] ?? null) : null);
  /** What this person answered last in this sitting. */
  last = $derived(this.all.find(({ clip, impulse }) => clip.order === this.given.at(-1)?.order && impulse.number === this.given.at(-1)?.number) ?? null);

  private given = $state.raw<{ order: string; number: number }[]>([]);
  private context: AudioContext | null = null;
  private playing: AudioBufferSourceNode | null = null;
  private before: Promise<void> = Promise.resolve();

  async read(): Promise<void> {
    this.clips = await labels.all();
  }

  /** Within a press, so that the browser lets sound out. */
  async begin(): Promise<void> {
    this.context ??= new AudioContext();
    await this.context.resume();
    this.begun = true;
    await this.next();
  }

  async answer(label: LabelName): Promise<void> {
    const { asked } = this;
    if (asked === null || this.busy || this.open?.order !== asked.clip.order) return; // nothing is answered unheard
    await this.turn(async () => {
      await this.say(asked.clip.order, asked.impulse.number, label);
      this.given = [...this.given, { order: asked.clip.order, number: asked.impulse.number }];
      await this.next();
    });
  }

  async back(): Promise<void> {
    await this.turn(async () => {
      const last = this.given.at(-1);
      if (last === undefined) return;
      await this.say(last.order, last.number, null);
      this.given = this.given.slice(0, -1);
      await this.next();
    });
  }

  play(): void {
    const { asked, open, context } = this;
    if (asked === null || open === null || context === null) return;
    this.hush();
    const from = Math.max(asked.impulse.onset_s - BEFORE_S, 0);
    const long = asked.impulse.onset_s + AFTER_S - from;
    const { sampleRate } = open.sound;
    const heard = open.sound.getChannelData(0).subarray(Math.round(from * sampleRate), Math.round((from + long) * sampleRate));
    const gain = context.createGain();
    gain.gain.value = HALF / heard.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    this.playing = context.createBufferSource();
    this.playing.buffer = open.sound;
    this.playing.connect(gain).connect(context.destination);
    this.playing.start(0, from, long);
  }

  /** Nothing that was listened to stays in the page. */
  end(): void {
    this.hush();
    this.open = null;
    void this.context?.close();
    this.context = null;
  }

  private hush(): void {
    this.playing?.stop();
    this.playing = null;
  }

  private async say(order: string, number: number, label: LabelName | null): Promise<void> {
    const told = await labels.say(order, number, label);
    this.clips = (this.clips ?? []).map((clip) => (clip.order === order ? told : clip));
  }

  /** Open the clip of what is asked about now, which the centre notes with the reason, and play it. */
  private async next(): Promise<void> {
    const { asked } = this;
    if (asked === null) return this.hush();
    if (this.open?.order !== asked.clip.order) {
      this.open = null;
      this.open = { order: asked.clip.order, sound: await this.hear(asked.clip) };
    }
    this.play();
  }

  private async hear({ order, rate_hz }: LabelClip): Promise<AudioBuffer> {
    try {
      const sound = await clipsApi.hear(order, this.because.trim());
      return await new OfflineAudioContext(1, 1, rate_hz).decodeAudioData(await sound.arrayBuffer());
    } catch (error) {
      this.begun = false; // to be tried again with a press
      if (error instanceof Refused && error.status === 404) await this.read(); // its clock ran out meanwhile
      throw error;
    }
  }

  /** One thing after another, however fast keys are pressed. */
  private async turn(work: () => Promise<void>): Promise<void> {
    const mine = this.before.then(async () => {
      this.busy = true;
      try {
        await work();
      } finally {
        this.busy = false;
      }
    });
    this.before = mine.catch(() => undefined); // it is told to who asked for it
    await mine;
  }
}
