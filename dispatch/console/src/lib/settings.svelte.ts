// What a person chose for this browser: language, theme, sound. Kept between visits.
import { LANGUAGES, words, type Language, type Words } from "./words";

type Theme = "night" | "day";

const light = matchMedia("(prefers-color-scheme: light)");

function kept<T extends string>(key: string, allowed: readonly T[]): T | null {
  const value = localStorage.getItem(key);
  return allowed.includes(value as T) ? (value as T) : null;
}

const spoken = (): Language => LANGUAGES.find((l) => navigator.language.startsWith(l)) ?? "en";

class Settings {
  language = $state<Language>(kept("language", LANGUAGES) ?? spoken());
  chosenTheme = $state<Theme | null>(kept("theme", ["night", "day"]));
  sound = $state(kept("sound", ["on"]) === "on");
  volume = $state(volumeKept());

  private systemTheme = $state<Theme>(light.matches ? "day" : "night");

  constructor() {
    light.addEventListener("change", (e) => (this.systemTheme = e.matches ? "day" : "night"));
  }

  get t(): Words {
    return words[this.language];
  }

  /** What the person chose here; until then what the system asks for. */
  get theme(): Theme {
    return this.chosenTheme ?? this.systemTheme;
  }

  keep(): void {
    localStorage.setItem("language", this.language);
    localStorage.setItem("sound", this.sound ? "on" : "off");
    localStorage.setItem("volume", String(this.volume));
    if (this.chosenTheme !== null) localStorage.setItem("theme", this.chosenTheme);
    document.documentElement.lang = this.language;
    document.documentElement.dataset.theme = this.theme;
  }
}

function volumeKept(): number {
  const value = Number(localStorage.getItem("volume") ?? 0.5);
  return value >= 0 && value <= 1 ? value : 0.5;
}

export const settings = new Settings();
