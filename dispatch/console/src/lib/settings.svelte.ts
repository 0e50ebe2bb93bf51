// What a person chose for this browser: language, theme, sound. Kept between visits.
import { words, type Language, type Words } from "./words";

type Theme = "night" | "day";

function kept<T extends string>(key: string, allowed: readonly T[], otherwise: T): T {
  const value = localStorage.getItem(key);
  return allowed.includes(value as T) ? (value as T) : otherwise;
}

class Settings {
  language = $state<Language>(kept("language", ["en", "fr"], navigator.language.startsWith("fr") ? "fr" : "en"));
  theme = $state<Theme>(
    kept("theme", ["night", "day"], matchMedia("(prefers-color-scheme: light)").matches ? "day" : "night"),
  );
  // off until a person turns it on: browsers forbid anything else, and so does good manners
  sound = $state(false);
  volume = $state(Number(kept("volume", ["0.25", "0.5", "1"] as const, "0.5")));

  get t(): Words {
    return words[this.language];
  }

  keep(): void {
    localStorage.setItem("language", this.language);
    localStorage.setItem("theme", this.theme);
    localStorage.setItem("volume", String(this.volume));
    document.documentElement.lang = this.language;
    document.documentElement.dataset.theme = this.theme;
  }
}

export const settings = new Settings();
