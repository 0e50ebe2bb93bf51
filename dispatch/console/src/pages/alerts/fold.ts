// Alerts that were sent, those about one event or node together.
import type { Sent } from "../api";

export interface Fold {
  subject: string;
  newest: Sent;
  /** The newest to each destination, which says how it stands there. */
  latest: Sent[];
  all: Sent[];
}

/** `sent`: newest first, as the folds then are. */
export function fold(sent: readonly Sent[]): Fold[] {
  const found = new Map<string, Sent[]>();
  for (const one of sent) found.set(one.subject, [...(found.get(one.subject) ?? []), one]);
  return [...found].map(([subject, all]) => {
    const destinations = new Map<string, Sent>();
    for (const one of all) if (!destinations.has(one.destination)) destinations.set(one.destination, one);
    const latest = [...destinations.values()].sort((a, b) => a.destination.localeCompare(b.destination));
    return { subject, newest: all[0]!, latest, all };
  });
}
