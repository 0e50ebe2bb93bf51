// The words of the pages beside the board, which are fetched with them.
import type { Language } from "../../lib/words";
import { english, type PageWords } from "./english";
import { french } from "./french";
import { spanish } from "./spanish";

export type { PageWords };
const words = { en: english, fr: french, es: spanish } satisfies Record<Language, PageWords>;

export const pageWords = (language: Language): PageWords => words[language];
