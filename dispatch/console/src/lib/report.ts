// The report of an event, or its evidence, made by the centre and handed to the person as a file.
import { ask, one, type Incident } from "./api";
import { save } from "./save";

const PATIENCE_MS = 120_000; // it locates anew, and sets a page

export async function report(event: Incident, language: string): Promise<void> {
  const wanted = { language, form: "pdf" };
  save(await (await ask("POST", `${one(event.id)}/report`, wanted, PATIENCE_MS)).blob(), `event-${event.number}.pdf`);
}

/** Hand over all the evidence, for somebody to check; returns the key of its sealed part, which is told once. */
export async function evidence(event: Incident, madeFor: string): Promise<string> {
  const answer = await ask("POST", `${one(event.id)}/evidence`, { made_for: madeFor }, PATIENCE_MS);
  save(await answer.blob(), `event-${event.number}.tocsin.zip`);
  return answer.headers.get("Seal-Key") ?? "";
}
