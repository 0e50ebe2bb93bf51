import { expect, test } from "vitest";

import { readGlobe, toGlobe, toNetwork, turn, zoomOf } from "./geodesy";

const ORIGIN = { lat: 44.84, lon: -0.58 };

// by pymap3d 3.1, enu2geodetic(x, y, 0, 44.84, -0.58, 0)
test.each([
  [5000, 3000, 44.866978148, -0.516732149],
  [-4000, 8000, 44.911976909, -0.630653728],
  [100, 0, 44.839999993, -0.578735233],
  [0, 0, 44.84, -0.58],
])("%d m east and %d m north lie where an independent library says", (x, y, lat, lon) => {
  const found = toGlobe(ORIGIN, { x, y });
  expect(found.lat).toBeCloseTo(lat, 8);
  expect(found.lon).toBeCloseTo(lon, 8);
});

test.each([[5000, 3000], [-4000, 8000], [0, 0]])("%d m east and %d m north come back from the globe", (x, y) => {
  const back = toNetwork(ORIGIN, toGlobe(ORIGIN, { x, y }));
  expect(back.x).toBeCloseTo(x, 2);
  expect(back.y).toBeCloseTo(y, 2);
});

test("coordinates are read as people write them, and nothing else is", () => {
  expect(readGlobe("44.8412, -0.5793")).toEqual({ lat: 44.8412, lon: -0.5793 });
  expect(readGlobe(" 44.8412 -0.5793 ")).toEqual({ lat: 44.8412, lon: -0.5793 });
  for (const wrong of ["", "44.8412", "95, 3", "44.8412, -190", "near the bridge", "44,8412, -0,5793"]) expect(readGlobe(wrong)).toBeNull();
});

test("the network's north turns with the meridians", () => {
  expect(turn(ORIGIN, { x: 0, y: 0 })).toBeCloseTo(0, 6);
  // meridians converge by the difference in longitude times the sine of the latitude
  const east = { x: 5000, y: 0 };
  const converged = (toGlobe(ORIGIN, east).lon - ORIGIN.lon) * Math.sin((44.84 * Math.PI) / 180);
  expect(turn(ORIGIN, east) / converged).toBeCloseTo(1, 2);
});

test("a web map's tile of 512 pixels is the whole equator at zoom 0", () => {
  expect(zoomOf((2 * Math.PI * 6378137) / 512, 0)).toBeCloseTo(0, 9);
  expect(zoomOf((2 * Math.PI * 6378137) / 1024, 0)).toBeCloseTo(1, 9);
  expect(zoomOf((2 * Math.PI * 6378137) / 1024, 60)).toBeCloseTo(0, 9);
});
