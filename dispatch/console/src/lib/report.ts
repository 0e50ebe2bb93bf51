// The report of an event, made by the centre and handed to the person as a file.
import { ask, one, type Incident } from "./api";
import { save } from "./save";

const PATIENCE_MS = 120_000; // it locates anew, and sets a page

export async function report(event: Incident, language: string): Promise<void> {
  const wanted = { language, form: "pdf" };
  save(await (await ask("POST", `${one(event.id)}/report`, wanted, PATIENCE_MS)).blob(), `event-${event.number}.pdf`);
}
