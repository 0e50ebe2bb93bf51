import type { Ground, Label, Outcome, Source } from "../../api";
import type { DecidingWords } from "./english";

const labels: Record<Label, string> = { gunshot: "disparos", firework: "fuegos artificiales", other: "otro sonido", unknown: "no se puede decir" };
const outcomes: Record<Outcome, string> = { confirmed: "confirmado", false: "falsa alarma", unconfirmed: "sin confirmar", unknown: "desconocido" };
const grounds: Record<Ground, string> = { casings: "casquillos", victim: "víctima", video: "vídeo", call: "llamada de un testigo" };
const sources: Record<Source, string> = { call: "llamada", patrol: "patrulla", alarm: "alarma", video: "vídeo" };
const after = (text: string): string => (text === "" ? "" : `: ${text}`);

export const spanish: DecidingWords = {
  decisions: "Decisiones",
  step: {
    acknowledge: "Tomar",
    call_back: "Llamar",
    dispatch: "Enviar",
    close: "Resultado",
    judge: "Su veredicto",
    corroborate: "Llamadas, hallazgos",
    note: "Nota",
    undo: "Deshacer",
  },
  take_over: "Relevar",
  undo_it: (n) => `Deshacer la entrada ${n}`,
  undone: "deshecho",

  state: (e, me) => {
    const mine = e.taken_by === me;
    if (e.status === "open") return "Nadie lo ha tomado";
    if (e.status === "closed") return `Cerrado: ${outcomes[e.outcome ?? "unknown"]}`;
    if (e.status === "dispatched") return mine ? "Usted envió una patrulla" : `${e.taken_by ?? ""} envió una patrulla`;
    return mine ? "Lo tiene usted" : `Lo tiene ${e.taken_by ?? ""}`;
  },
  overdue: "Falta el resultado desde hace tiempo",

  held: (by) => `Lo tiene ${by}. Al enviar lo releva usted, y el registro lo dice.`,
  take_over_ask: (by) => `${by} tiene este evento. ¿Relevarle?`,
  whom_called: "¿Con quién ha hablado y qué le dijo?",
  whom_sent: "¿A quién envía?",
  note_text: "Nota, queda para siempre en el registro",
  keep: "Guardar",
  cancel: "Cancelar",
  outcome: "¿Qué resultó ser?",
  outcomes,
  outcome_means: {
    confirmed: "lo muestra alguna de las pruebas de abajo",
    false: "se sabe que fue otra cosa",
    unconfirmed: "alguien buscó y no halló nada en ningún sentido",
    unknown: "nadie buscó, o nadie puede decirlo",
  },
  grounds_ask: "¿Qué lo muestra? Al menos una.",
  grounds,
  found_ask: "¿Dónde se halló, si lo sabe? Con ello se mide la red.",
  found_pick: "Mostrarlo en el mapa",
  found_help: "Pulse el lugar en el mapa; con el teclado, las flechas lo mueven e Intro toma su centro. Esc lo deja.",
  found_coordinates: "o sus coordenadas: latitud, longitud",
  found_wrong: "No son coordenadas como 44.8412, -0.5793.",
  found_remove: "Quitar",
  found_mark: "hallado",
  found_at: (distance: string, quarter: string): string => `a ${distance} al ${quarter} del centro de la elipse`,
  remark: "Observación",
  judge_ask: "¿Qué cree que fue?",
  labels,
  count_ask: "Disparos, si puede decirlo",
  came: "Avisos",
  came_in: "Lo recibido que puede referirse a él",
  came_none: "Nada de lo recibido hoy encaja por hora y lugar.",
  attach: "Adjuntar",
  attached: "adjunto",
  enter_new: "Anotar lo que se acaba de recibir",
  source: "De",
  sources,
  reference: "Su número",
  said: "Lo que se dijo",
  came_after: (text) => `${text} después de los disparos`,
  came_before: (text) => `${text} antes de los disparos`,

  refused: (r) => {
    if (r.kind === "taken") return `${r.by} ha tomado este evento. No se ha guardado nada suyo; A lo releva.`;
    if (r.kind === "closed") return `${r.by} ha cerrado este evento${r.outcome === null ? "" : `: ${outcomes[r.outcome]}`}. Deshágalo primero.`;
    if (r.kind === "dealt") return "Ya ha tratado este evento: esta respuesta no puede contar como dada a ciegas.";
    if (r.kind === "said") return r.sentence;
    return "El centro no ha respondido. Mire el registro antes de repetirlo.";
  },

  log: "Registro de decisiones",
  log_none: "Nadie ha decidido nada todavía.",
  did: (what, numberOf) => {
    switch (what.action) {
      case "acknowledge":
        return what.instead_of ? `relevó a ${what.instead_of}` : "lo tomó";
      case "call_back":
        return `llamó${after(what.text)}`;
      case "dispatch":
        return `envió${after(what.text)}`;
      case "judge":
        return `veredicto: ${labels[what.label]}${what.count === null ? "" : `, ${what.count} disparos`}${what.blind ? ", antes de ver el de la máquina" : ""}`;
      case "close": {
        const shown = what.grounds.map((g) => grounds[g]).join(", ");
        return `lo cerró: ${outcomes[what.outcome]}${shown && ` (${shown})`}${after(what.text)}`;
      }
      case "note":
        return `anotó${after(what.text)}`;
      case "undo":
        return `deshizo la entrada ${numberOf(what.line)}`;
      case "corroborate":
        return `adjuntó: ${[sources[what.source], what.reference].filter(Boolean).join(" ")}`;
    }
  },
  machine: "Máquina",
  verdicts: "Veredictos",
  no_verdict: "aún sin veredicto",
  blind_queue: (n) => `Por juzgar primero: ${n}`,
  blind_title: "Primero su respuesta",
  blind_note: "El lugar, la clase y la probabilidad quedan ocultos hasta que responda.",
  blind_show: "Verlo sin responder",
  blind_all: "Ver todo sin responder",
  after_first: "Tras el primero",
  blind_mark: "antes de ver el de la máquina",
  corroborated: (n) => (n === 1 ? "1 llamada o hallazgo adjunto" : `${n} llamadas o hallazgos adjuntos`),
};
