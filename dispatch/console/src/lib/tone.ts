// Two short rising notes: distinct from a telephone and from a radio, over in a third of a second.
let context: AudioContext | null = null;

export async function enable(): Promise<void> {
  context ??= new AudioContext();
  await context.resume();
}

export function alert(volume: number): void {
  if (context === null) return;
  const now = context.currentTime;
  for (const [at, hz] of [
    [0, 660],
    [0.16, 990],
  ] as const) {
    const note = context.createOscillator();
    const gain = context.createGain();
    note.frequency.value = hz;
    gain.gain.setValueAtTime(0, now + at);
    gain.gain.linearRampToValueAtTime(0.3 * volume, now + at + 0.01);
    gain.gain.exponentialRampToValueAtTime(0.001, now + at + 0.15);
    note.connect(gain).connect(context.destination);
    note.start(now + at);
    note.stop(now + at + 0.16);
  }
}
