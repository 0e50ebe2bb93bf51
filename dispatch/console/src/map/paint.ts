// Painting on the canvas under the plan. Everything comes in metres; what lies outside of the view is left out.
import type { Hearing, History, Place } from "../lib/api";
import { toPixels, type Screen } from "../lib/view";

export type Inks = Record<"text" | "quiet" | "inside" | "line" | "street" | "bad", string>;

interface What {
  screen: Screen;
  inside: readonly Place[];
  streets: readonly number[][];
  hearing: Hearing | null;
  past: History | null;
  density: Density | null;
}

/** How many gunshots were in square cells of the ground. */
export interface Density {
  side_m: number;
  most: number;
  cells: { x: number; y: number; count: number }[];
}

const DOT_PX = 3; // its radius
const DOT_OPACITY = 0.75;
const CELL_PX = 26;
const DEAF_PCT = 50;
const POOR_PCT = 90;

/** Gunshots counted in cells whose side is a power of two in metres, so that they stay while one moves the map. */
export function densityOf(past: History, scale: number): Density {
  const side_m = 2 ** Math.round(Math.log2(CELL_PX * scale));
  const counts = new Map<string, { x: number; y: number; count: number }>();
  for (let i = 0; i < past.number.length; i++) {
    if (past.label[i] !== "gunshot") continue;
    const [x, y] = [Math.floor(past.x[i]! / side_m) * side_m, Math.floor(past.y[i]! / side_m) * side_m];
    const cell = counts.get(`${x} ${y}`) ?? { x, y, count: 0 };
    cell.count++;
    counts.set(`${x} ${y}`, cell);
  }
  const cells = [...counts.values()];
  return { side_m, most: Math.max(0, ...cells.map((c) => c.count)), cells };
}

/** The past event nearest to a place on the screen, within so many pixels: its index, or −1. */
export function pastAt(past: History, screen: Screen, pixel: Place, within: number): number {
  let [found, nearest] = [-1, within];
  for (let i = 0; i < past.number.length; i++) {
    const at = toPixels(screen, { x: past.x[i]!, y: past.y[i]! });
    const far = Math.hypot(at.x - pixel.x, at.y - pixel.y);
    if (far < nearest) [found, nearest] = [i, far];
  }
  return found;
}

export function paint(canvas: HTMLCanvasElement, inks: Inks, what: What): void {
  const { width, height } = what.screen;
  const dense = devicePixelRatio;
  const [wide, high] = [Math.round(width * dense), Math.round(height * dense)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const brush = canvas.getContext("2d");
  if (brush === null) return;
  brush.setTransform(dense, 0, 0, dense, 0, 0);
  brush.clearRect(0, 0, width, height);
  outline(brush, inks, what);
  lines(brush, inks, what);
  if (what.density !== null) shade(brush, inks, what.screen, what.density);
  if (what.hearing !== null) hatch(brush, inks, what.screen, what.hearing);
  if (what.past !== null) dots(brush, inks, what.screen, what.past);
}

function outline(brush: CanvasRenderingContext2D, inks: Inks, { screen, inside }: What): void {
  if (inside.length < 3) return;
  brush.beginPath();
  for (const place of inside) {
    const { x, y } = toPixels(screen, place);
    brush.lineTo(x, y);
  }
  brush.closePath();
  brush.fillStyle = inks.inside;
  brush.fill();
  brush.strokeStyle = inks.line;
  brush.lineWidth = 1.5;
  brush.stroke();
}

function lines(brush: CanvasRenderingContext2D, inks: Inks, { screen, streets }: What): void {
  const { view, width, height } = screen;
  const [left, top] = [width / 2 - view.x / view.scale, height / 2 + view.y / view.scale];
  brush.beginPath();
  for (const line of streets) {
    let [x, y] = [left + line[0]! / view.scale, top - line[1]! / view.scale];
    for (let i = 2; i < line.length; i += 2) {
      const [nextX, nextY] = [left + line[i]! / view.scale, top - line[i + 1]! / view.scale];
      const seen = Math.max(x, nextX) > 0 && Math.min(x, nextX) < width && Math.max(y, nextY) > 0 && Math.min(y, nextY) < height;
      if (seen) {
        brush.moveTo(x, y);
        brush.lineTo(nextX, nextY);
      }
      [x, y] = [nextX, nextY];
    }
  }
  brush.strokeStyle = inks.street;
  brush.lineWidth = Math.min(Math.max(5 / view.scale, 1), 7); // a street is some 5 m wide
  brush.lineCap = "round";
  brush.stroke();
}

function shade(brush: CanvasRenderingContext2D, inks: Inks, screen: Screen, { side_m, most, cells }: Density): void {
  const side = side_m / screen.view.scale;
  brush.fillStyle = inks.text;
  for (const cell of cells) {
    const { x, y } = toPixels(screen, { x: cell.x, y: cell.y + side_m });
    if (x < -side || x > screen.width || y < -side || y > screen.height) continue;
    brush.globalAlpha = 0.1 + (0.55 * Math.log1p(cell.count)) / Math.log1p(most);
    brush.fillRect(x + 0.5, y + 0.5, side - 1, side - 1);
  }
  brush.globalAlpha = 1;
}

/** Deaf ground: hatched, not coloured; the closer, the deafer. */
function hatch(brush: CanvasRenderingContext2D, inks: Inks, screen: Screen, hearing: Hearing): void {
  const side = hearing.side_m / screen.view.scale;
  for (const [from, below, apart] of [[0, DEAF_PCT, 6], [DEAF_PCT, POOR_PCT, 14]] as const) {
    brush.save();
    brush.beginPath();
    for (let i = 0; i < hearing.x.length; i++) {
      const pct = hearing.detected_pct[i]!;
      if (pct < from || pct >= below) continue;
      const { x, y } = toPixels(screen, { x: hearing.x[i]!, y: hearing.y[i]! });
      brush.rect(x - side / 2, y - side / 2, side + 0.5, side + 0.5);
    }
    brush.clip();
    brush.beginPath();
    for (let x = -screen.height; x < screen.width; x += apart) {
      brush.moveTo(x, 0);
      brush.lineTo(x + screen.height, screen.height);
    }
    brush.strokeStyle = inks.bad;
    brush.lineWidth = 1.2;
    brush.stroke();
    brush.restore();
  }
}

/**
 * Ten thousand dots, pixel by pixel into one picture: a tenth of the time that as many calls of the canvas take, so
 * that they follow the hand.
 */
function dots(brush: CanvasRenderingContext2D, inks: Inks, { view, width, height }: Screen, past: History): void {
  const dense = devicePixelRatio;
  const [wide, high] = [Math.round(width * dense), Math.round(height * dense)];
  if (layer === null || layer.canvas.width !== wide || layer.canvas.height !== high) layer = newLayer(wide, high);
  const pixels = new Uint32Array(layer.picture.data.buffer).fill(0);
  const [shot, other] = [stamp(inks.text, dense, true), stamp(inks.quiet, dense, false)];
  const [scale, edge] = [dense / view.scale, Math.ceil(DOT_PX * dense)];
  for (let i = 0; i < past.number.length; i++) {
    const x = Math.round((past.x[i]! - view.x) * scale + wide / 2);
    const y = Math.round((view.y - past.y[i]!) * scale + high / 2);
    if (x < edge || x >= wide - edge || y < edge || y >= high - edge) continue;
    const { offsets, values } = past.label[i] === "gunshot" ? shot : other;
    for (let k = 0; k < values.length; k++) {
      const at = (y + offsets[k]!.y) * wide + x + offsets[k]!.x;
      if (values[k]! > pixels[at]!) pixels[at] = values[k]!; // the opacity is the highest byte
    }
  }
  layer.brush.putImageData(layer.picture, 0, 0);
  brush.drawImage(layer.canvas, 0, 0, width, height);
}

interface Layer {
  canvas: HTMLCanvasElement;
  brush: CanvasRenderingContext2D;
  picture: ImageData;
}

let layer: Layer | null = null;

function newLayer(wide: number, high: number): Layer {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [wide, high];
  const brush = canvas.getContext("2d")!;
  return { canvas, brush, picture: brush.createImageData(Math.max(wide, 1), Math.max(high, 1)) };
}

/** The pixels of one dot, full or a ring, with soft edges. */
function stamp(ink: string, dense: number, full: boolean): { offsets: Place[]; values: number[] } {
  const [red, green, blue] = (/(\d+)\D+(\d+)\D+(\d+)/.exec(ink) ?? ["", "0", "0", "0"]).slice(1).map(Number) as [number, number, number];
  const reach = Math.ceil(DOT_PX * dense);
  const radius = (full ? DOT_PX - 0.4 : DOT_PX - 0.9) * dense;
  const offsets: Place[] = [];
  const values: number[] = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const off = full ? Math.hypot(x, y) - radius : Math.abs(Math.hypot(x, y) - radius) - 0.5 * dense;
      const opacity = DOT_OPACITY * Math.min(Math.max(0.5 - off, 0), 1);
      if (opacity <= 0) continue;
      offsets.push({ x, y });
      values.push(((Math.round(255 * opacity) << 24) | (blue << 16) | (green << 8) | red) >>> 0);
    }
  }
  return { offsets, values };
}
