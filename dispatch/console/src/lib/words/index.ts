import { english, type Words } from "./english";
import { french } from "./french";
import { spanish } from "./spanish";

export type { Words };
export const words = { en: english, fr: french, es: spanish } satisfies Record<string, Words>;
export type Language = keyof typeof words;
export const LANGUAGES = Object.keys(words) as Language[];
