import { expect, test } from "vitest";

import { AFTER_S, around, BEFORE_S, envelope, HIGHEST_HZ, spectrogram } from "./picture";

const RATE = 48_000;
const LONG = Math.round((BEFORE_S + AFTER_S) * RATE);
const tone = (hz: number): Float32Array => Float32Array.from({ length: LONG }, (_, i) => Math.sin((2 * Math.PI * hz * i) / RATE));

test("a tone is loudest in the row of its frequency, and nothing stands beside it", () => {
  for (const hz of [500, 1000, 3500]) {
    const { rows, columns, loud } = spectrogram(tone(hz), RATE);
    const column = Array.from({ length: rows }, (_, row) => loud[row * columns + 200] ?? 0);
    const loudest = column.indexOf(Math.max(...column));
    expect(HIGHEST_HZ - 100 * loudest).toBe(hz); // a row is 1/WINDOW_S high
    expect(column.filter((_, row) => Math.abs(row - loudest) > 3).every((value) => value < 0.3)).toBe(true);
  }
});

test("a click stands where it is, in every row", () => {
  const cut = new Float32Array(LONG);
  cut[LONG / 4] = 1;
  const { rows, columns, loud } = spectrogram(cut, RATE);
  for (const row of [0, 30, rows - 1]) {
    const across = Array.from(loud.subarray(row * columns, (row + 1) * columns));
    const at = across.indexOf(Math.max(...across));
    expect(Math.abs(at / columns - 0.25)).toBeLessThan(0.01);
    expect(across[columns / 2]).toBe(0);
  }
});

test("silence has no sound in it", () => {
  expect(envelope(new Float32Array(LONG)).every(({ low, high }) => low === 0 && high === 0)).toBe(true);
  expect(spectrogram(new Float32Array(LONG), RATE).loud.every((value) => value === 0)).toBe(true);
});

test("an envelope holds each column's least and greatest value", () => {
  const cut = new Float32Array(LONG);
  [cut[0], cut[LONG - 1]] = [0.25, -0.5];
  const columns = envelope(cut);
  expect(columns[0]).toEqual({ low: 0, high: 0.5 });
  expect(columns.at(-1)).toEqual({ low: -1, high: 0 });
});

test("what is cut has the instant where it belongs, at either end of the sound too", () => {
  const sound = new Float32Array(2 * RATE);
  for (const at of [0, 0.05, 1, 1.9]) {
    sound.fill(0);
    sound[Math.round(at * RATE)] = 1;
    const cut = around(sound, RATE, at);
    expect(cut.length).toBe(LONG);
    expect(cut.indexOf(1)).toBe(Math.round(BEFORE_S * RATE));
  }
  expect(around(sound, RATE, 9).every((value) => value === 0)).toBe(true);
});
