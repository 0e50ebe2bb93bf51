// A line of the journal in words.
import type { Line } from "./api";
import type { PageWords } from "./words";

/** A line's data as names and values, its writer apart. */
export function told(line: Line, w: PageWords): { by: string; what: string } {
  if (line.data === "") return { by: "", what: w.line_erased };
  const { by, what, ...rest } = JSON.parse(line.data) as Record<string, unknown>;
  const flat = typeof what === "object" && what !== null ? { ...rest, ...what } : what === undefined ? rest : { what, ...rest };
  const parts = Object.entries(flat).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0));
  const said = parts.map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  return { by: typeof by === "string" ? by : "", what: said.join(" · ") };
}
