import { expect, test } from "vitest";

import type { Incident } from "./api";
import { ago, clock, extent, headline, lasting, metres, moment, nearestAddress, percent, refusal, signedMs, uncertainty, why } from "./format";
import { LANGUAGES, words } from "./words";

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ");
const ellipse = { semi_major_m: 6.2, semi_minor_m: 3.9, azimuth_deg: 40, level: 0.9 };
const shot = { label: "gunshot", count: 3, probability: 0.868, ellipse } as Incident;

test("distances are rounded to what is known", () => {
  expect([0.2, 12.37, 99.4, 137, 994, 1234].map((m) => plain(metres(m, "en")))).toEqual([
    "1 m", "12 m", "99 m", "140 m", "990 m", "1.2 km",
  ]);
  expect(plain(metres(1234, "fr"))).toBe("1,2 km");
});

test("a machine is never certain", () => {
  expect([0, 0.004, 0.868, 0.9999, 1].map((p) => plain(percent(p)))).toEqual(["1 %", "1 %", "87 %", "99 %", "99 %"]);
});

test("the headline is what a patrol says", () => {
  expect(plain(headline(shot, words.en))).toBe("Possible gunshots, 3 rounds, 87 %");
  expect(plain(headline(shot, words.fr))).toBe("Tirs possibles, 3 coups, 87 %");
  expect(plain(headline(shot, words.es))).toBe("Posibles disparos, 3 disparos, 87 %");
  expect(plain(headline({ ...shot, count: 1 }, words.en))).toBe("Possible gunshot, 1 round, 87 %");
  expect(headline({ ...shot, label: "withdrawn" }, words.en)).toBe("Withdrawn");
});

test("the ellipse is told by whole axes", () => {
  expect(plain(extent(ellipse, words.en, "en"))).toBe("90 % inside 12 m × 8 m");
  expect(plain(extent(ellipse, words.fr, "fr"))).toBe("90 % dans 12 m × 8 m");
});

test("an address is told in each language, and always as not the place", () => {
  const sentence = "nearest address, not the fix: 12 rue Haute, 38 m away (Base Adresse Nationale)";
  expect(plain(nearestAddress(sentence, words.en, "en"))).toBe(
    "Nearest address, not the fix: 12 rue Haute, 38 m away (Base Adresse Nationale)",
  );
  expect(plain(nearestAddress(sentence, words.fr, "fr"))).toContain("pas le lieu du tir : 12 rue Haute, à 38 m");
  expect(plain(nearestAddress(sentence, words.es, "es"))).toContain("no el lugar del disparo: 12 rue Haute, a 38 m");
  expect(nearestAddress("near the river", words.fr, "fr")).toBe("near the river");
});

test("time goes by in words, and never runs backwards", () => {
  expect([-5000, 8000, 89_000, 180_000, 7_200_000, 432_000_000].map((ms) => lasting(ms, words.en))).toEqual([
    "0 s", "8 s", "89 s", "3 min", "2 h", "5 d",
  ]);
  expect(ago(1000, 1500, words.fr)).toBe("à l'instant");
  expect(ago(0, 8000, words.fr)).toBe("il y a 8 s");
});

test("the day is told when it is not today", () => {
  const noon = new Date(2026, 10, 23, 12).getTime();
  expect(moment(noon - 60_000, noon, words.en, "en")).toBe("11:59:00");
  expect(moment(noon - 86_400_000, noon, words.en, "en")).toBe("yesterday 12:00:00");
  expect(moment(noon - 3 * 86_400_000, noon, words.fr, "fr")).toBe("20 nov. 12:00:00");
  expect(clock(new Date(2026, 0, 1, 0, 5).getTime(), "en")).toBe("00:05:00");
});

test("signs and units", () => {
  expect([0.04, -0.9, 31.2].map((ms) => plain(signedMs(ms, "en")))).toEqual(["0.0 ms", "−0.9 ms", "+31 ms"]);
  expect([2e-5, 0.014, 1.2].map((s) => plain(uncertainty(s, "fr")))).toEqual(["20 µs", "14 ms", "1,2 s"]);
  expect(plain(refusal("+31 ms off", words.fr, "fr"))).toBe("Écartée : +31 ms d'écart");
  expect(refusal("behind a wall", words.en, "en")).toBe("Left out: behind a wall");
});

test("an unknown reason is told in the centre's own words", () => {
  const known = { code: "nodes_agree", values: { agree: 5, of: 6, label: "gunshot" }, text: "" };
  expect(why(known, words.fr)).toBe("5 capteurs sur 6 disent : coup de feu");
  const moving = { code: "moving", values: { speed_ms: 1.5, azimuth_deg: 271 }, text: "" };
  expect(why(moving, words.en)).toBe("The shooter moved west at about 1.5 m/s");
  expect(why(moving, words.fr)).toBe("Le tireur s'est déplacé vers l'ouest à environ 1,5 m/s");
  expect(why({ code: "new", values: {}, text: "as it came" }, words.fr)).toBe("as it came");
});

test("every language answers every reason and every state", () => {
  for (const language of LANGUAGES) {
    expect(Object.keys(words[language].reason).sort()).toEqual(Object.keys(words.en.reason).sort());
    expect(words[language].quarters).toHaveLength(8);
    expect(words[language].keys_list).toHaveLength(words.en.keys_list.length);
  }
  expect(words.fr.said("sound was lost 4 s ago")).toBe("du son a été perdu il y a 4 s");
  expect(words.fr.said("2 reports were set aside; the log says why")).toBe("2 messages mis de côté : le journal dit pourquoi");
  expect(words.es.said("sound was lost 4 s ago")).toBe("se perdió sonido hace 4 s");
  expect(words.es.said("something new")).toBe("something new");
  expect(words.fr.said("something new")).toBe("something new");
});
