// An impulse as a waveform and a spectrogram: spans, window and range are those of the report's figure of sound
// (recordings/report/sound_figure.py).
export const BEFORE_S = 0.15;
export const AFTER_S = 0.45;
export const HIGHEST_HZ = 6000;
const COLUMNS = 400;
const WINDOW_S = 0.01; // of a column of the spectrogram
const RANGE_DB = 50;
const SILENT = 1e-20; // power

/** The sound around an instant (seconds from its start), silence where it does not reach. */
export function around(samples: Float32Array, rate: number, at: number): Float32Array {
  const cut = new Float32Array(Math.round((BEFORE_S + AFTER_S) * rate));
  const first = Math.round((at - BEFORE_S) * rate);
  const from = Math.max(first, 0);
  if (from - first < cut.length) cut.set(samples.subarray(from, first + cut.length), from - first);
  return cut;
}

/** The least and the greatest value of each column, the largest of all being 1. */
export function envelope(cut: Float32Array): { low: number; high: number }[] {
  const pieces = Array.from({ length: COLUMNS }, (_, i) =>
    cut.subarray(Math.floor((i * cut.length) / COLUMNS), Math.floor(((i + 1) * cut.length) / COLUMNS)),
  ).map((piece) => piece.reduce(({ low, high }, value) => ({ low: Math.min(low, value), high: Math.max(high, value) }), { low: 0, high: 0 }));
  const most = Math.max(...pieces.map(({ low, high }) => Math.max(high, -low)), 1e-9);
  return pieces.map(({ low, high }) => ({ low: low / most, high: high / most }));
}

export interface Spectrogram {
  rows: number;
  columns: number;
  /** Row by row, the highest frequency first: 1 is the loudest, 0 is RANGE_DB less. */
  loud: Float32Array;
}

export function spectrogram(cut: Float32Array, rate: number): Spectrogram {
  const size = Math.round(WINDOW_S * rate);
  const rows = Math.round(HIGHEST_HZ * WINDOW_S) + 1;
  const hann = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (size - 1)));
  const turn = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const quarter = Float64Array.from({ length: size }, (_, i) => Math.sin((2 * Math.PI * i) / size));
  const power = new Float64Array(rows * COLUMNS);
  for (let column = 0; column < COLUMNS; column++) {
    const start = Math.floor((column * (cut.length - size)) / (COLUMNS - 1));
    const piece = hann.map((weight, i) => weight * (cut[start + i] ?? 0));
    for (let bin = 0; bin < rows; bin++) {
      let [real, imaginary] = [0, 0];
      for (let i = 0, at = 0; i < size; i++, at = (at + bin) % size) {
        real += (piece[i] ?? 0) * (turn[at] ?? 0);
        imaginary += (piece[i] ?? 0) * (quarter[at] ?? 0);
      }
      power[(rows - 1 - bin) * COLUMNS + column] = real ** 2 + imaginary ** 2;
    }
  }
  const most = power.reduce((a, b) => Math.max(a, b), 0);
  const loud = Float32Array.from(power, (p) => (p < SILENT ? 0 : Math.max(1 + (10 * Math.log10(p / most)) / RANGE_DB, 0)));
  return { rows, columns: COLUMNS, loud };
}
