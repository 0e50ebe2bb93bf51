import { expect, test } from "vitest";

import { saidOf, unitOf } from "./replay";

test("a setting is told in each language, and by its name where it is not known", () => {
  expect(["en", "fr", "es"].map((one) => saidOf("search.stations", one as "en"))).toEqual([
    "Nodes that must speak for a shot",
    "Capteurs qui doivent appuyer un tir",
    "Sensores que deben apoyar un disparo",
  ]);
  expect(saidOf("search.newer", "fr")).toBe("search.newer");
});

test("a unit is told by the end of a name", () => {
  const names = ["priors.unknown_speed_ms", "search.snr_db", "search.usual_hz", "priors.bearing_deg", "network.silence_s", "search.hearing_m", "search.least"];
  expect(names.map(unitOf)).toEqual(["m/s", "dB", "1/s", "°", "s", "m", ""]);
});
