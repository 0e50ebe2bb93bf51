// What each setting of a replay is, in every language. A test holds it against those that the centre offers.
import type { Language } from "../../lib/words";

type Said = readonly [english: string, french: string, spanish: string];
const COLUMN = { en: 0, fr: 1, es: 2 } satisfies Record<Language, number>;

export const GROUPS = ["search", "priors", "network"] as const;

const SAID: Record<string, Said> = {
  search: ["What makes a shot", "Ce qui fait un tir", "Qué hace un disparo"],
  priors: ["How exact sound, air and clocks are", "L'exactitude du son, de l'air et des horloges", "La exactitud del sonido, del aire y de los relojes"],
  network: ["What is looked at together", "Ce qui est regardé ensemble", "Qué se mira junto"],

  "search.least": ["Score from which it is a shot", "Note à partir de laquelle c'est un tir", "Puntuación desde la que es un disparo"],
  "search.stations": ["Nodes that must speak for a shot", "Capteurs qui doivent appuyer un tir", "Sensores que deben apoyar un disparo"],
  "search.margin": ["Lead over a second place, below which it is ambiguous", "Avance sur un second lieu, en deçà de laquelle c'est ambigu", "Ventaja sobre un segundo lugar, por debajo de la cual es ambiguo"],
  "search.bare": ["Cost where no node speaks beyond those needed", "Coût quand aucun capteur ne parle au-delà du nécessaire", "Coste cuando ningún sensor habla más allá de los necesarios"],
  "search.hearing_m": ["Distance beyond which no node hears a shot", "Distance au-delà de laquelle aucun capteur n'entend un tir", "Distancia más allá de la cual ningún sensor oye un disparo"],
  "search.kernel_s": ["Spread of arrivals about the predicted time", "Dispersion des arrivées autour de l'instant prédit", "Dispersión de las llegadas en torno al instante previsto"],
  "search.certain": ["Worth of a loud first arrival", "Valeur d'une première arrivée forte", "Valor de una primera llegada fuerte"],
  "search.snr_db": ["Level over the noise at which it is as likely direct as not", "Niveau sur le bruit auquel elle est directe une fois sur deux", "Nivel sobre el ruido en el que es directa una de cada dos veces"],
  "search.snr_scale_db": ["How gently that changes with level", "Douceur avec laquelle cela change selon le niveau", "Suavidad con la que eso cambia con el nivel"],
  "search.echo_s": ["How long after a sound its echoes come", "Durée pendant laquelle viennent les échos d'un son", "Cuánto después de un sonido llegan sus ecos"],
  "search.echo": ["Share lost to an equally good arrival before", "Part perdue face à une arrivée aussi bonne avant elle", "Parte que pierde ante otra igual de buena anterior"],
  "search.tail_s": ["How long an explained arrival weakens the next", "Durée pendant laquelle une arrivée expliquée affaiblit la suivante", "Cuánto debilita una llegada explicada a la siguiente"],
  "search.tail": ["Share that the next one keeps", "Part que garde la suivante", "Parte que conserva la siguiente"],
  "search.tail_weak": ["Share that a weaker next one keeps", "Part que garde une suivante plus faible", "Parte que conserva una siguiente más débil"],
  "search.weaker_db": ["By how much it is weaker then", "De combien elle est alors plus faible", "En cuánto es entonces más débil"],
  "search.early": ["Cost of a good arrival before the predicted one", "Coût d'une bonne arrivée avant celle prédite", "Coste de una buena llegada antes de la prevista"],
  "search.usual_hz": ["Stray sounds at a node from which agreement counts for less", "Sons étrangers à un capteur dès lesquels l'accord compte moins", "Sonidos ajenos en un sensor desde los que coincidir cuenta menos"],

  "priors.path_s": ["Delay of a path around houses", "Retard d'un trajet autour des maisons", "Retraso de un camino entre casas"],
  "priors.outlier": ["Share of arrivals that are grossly wrong", "Part des arrivées grossièrement fausses", "Parte de las llegadas muy erróneas"],
  "priors.outlier_s": ["By how much they are wrong", "De combien elles sont fausses", "En cuánto yerran"],
  "priors.early": ["Share of those that come before the direct sound", "Part de celles-ci qui précèdent le son direct", "Parte de ellas que llega antes del sonido directo"],
  "priors.turned": ["Share of bearings that are wrong", "Part des relèvements faux", "Parte de los rumbos erróneos"],
  "priors.bearing_deg": ["Doubt added to each bearing", "Doute ajouté à chaque relèvement", "Duda añadida a cada rumbo"],
  "priors.speed_ms": ["Doubt about the speed of sound, where temperature was measured", "Doute sur la vitesse du son, température mesurée", "Duda sobre la velocidad del sonido, con temperatura medida"],
  "priors.unknown_speed_ms": ["The same, where it was not", "De même, température inconnue", "Lo mismo, sin temperatura medida"],
  "priors.wind_ms": ["Doubt about the wind, where it was measured", "Doute sur le vent, vent mesuré", "Duda sobre el viento, con viento medido"],
  "priors.unknown_wind_ms": ["The same, where it was not", "De même, vent inconnu", "Lo mismo, sin viento medido"],
  "priors.below_m": ["Height of the source under the nodes", "Hauteur de la source sous les capteurs", "Altura de la fuente bajo los sensores"],
  "priors.height_m": ["Doubt about that height", "Doute sur cette hauteur", "Duda sobre esa altura"],
  "priors.hearing_m": ["Distance over which hearing falls off", "Distance sur laquelle l'ouïe faiblit", "Distancia en la que decae el oído"],
  "priors.heard": ["Chance that a node close by hears a shot", "Chance qu'un capteur tout proche entende un tir", "Probabilidad de que un sensor cercano oiga un disparo"],

  "network.silence_s": ["Silence after which nothing more belongs together", "Silence après lequel plus rien ne va ensemble", "Silencio tras el cual ya nada va junto"],
  "network.longest_s": ["Longest stretch explained at once", "Plus long passage expliqué d'un coup", "Tramo más largo que se explica de una vez"],
  "network.context_s": ["Looked at again around a new arrival, live only", "Revu autour d'une nouvelle arrivée, en direct seulement", "Se revisa en torno a una llegada nueva, solo en directo"],
};

/** A setting, or a group of them, in plain words; by its name where a newer centre has another. */
export const saidOf = (name: string, language: Language): string => SAID[name]?.[COLUMN[language]] ?? name;

const UNITS: readonly [ending: string, unit: string][] = [
  ["speed_ms", "m/s"],
  ["wind_ms", "m/s"],
  ["_db", "dB"],
  ["_hz", "1/s"],
  ["_deg", "°"],
  ["_s", "s"],
  ["_m", "m"],
];

const ORDER = Object.keys(SAID);

/** Where a setting stands among the others: those that are most often changed first, what belongs together beside each other. */
export const rankOf = (name: string): number => (name in SAID ? ORDER.indexOf(name) : ORDER.length);

/** What a setting is counted in, by the end of its name; empty for a number alone. */
export const unitOf = (name: string): string => UNITS.find(([ending]) => name.endsWith(ending))?.[1] ?? "";
