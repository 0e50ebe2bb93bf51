import { english, type Words } from "./english";
import { french } from "./french";

export type { Words };
export const words = { en: english, fr: french } satisfies Record<string, Words>;
export type Language = keyof typeof words;
export const LANGUAGES = Object.keys(words) as Language[];
