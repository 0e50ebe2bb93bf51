// The alert: two short rising notes, distinct from a telephone and from a radio, over in a third of a second.

const APART_MS = 1000; // a string of shots rings on, but no two notes together

class Tone {
  /** A browser gives no sound before the person's first press: until then an enabled alert waits. */
  ready = $state(false);

  private context: AudioContext | null = null;
  private played = 0;

  /** Ask the browser for sound; it agrees only within a press of a key or a button. */
  async enable(): Promise<void> {
    this.context ??= new AudioContext();
    await this.context.resume();
    this.ready = this.context.state === "running";
  }

  play(volume: number): void {
    const context = this.context;
    if (context === null || !this.ready || Date.now() - this.played < APART_MS) return;
    this.played = Date.now();
    for (const [at, hz] of [
      [0, 660],
      [0.16, 990],
    ] as const) {
      const start = context.currentTime + at;
      const note = context.createOscillator();
      const gain = context.createGain();
      note.frequency.value = hz;
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(0.4 * volume, start + 0.01);
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.15);
      note.connect(gain).connect(context.destination);
      note.start(start);
      note.stop(start + 0.16);
    }
  }
}

export const tone = new Tone();
