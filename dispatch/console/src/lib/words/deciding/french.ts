import type { Ground, Label, Outcome, Source } from "../../api";
import type { DecidingWords } from "./english";

const labels: Record<Label, string> = { gunshot: "coups de feu", firework: "feu d'artifice", other: "autre bruit", unknown: "ne peut dire" };
const outcomes: Record<Outcome, string> = { confirmed: "confirmé", false: "fausse alerte", unconfirmed: "non confirmé", unknown: "inconnu" };
const grounds: Record<Ground, string> = { casings: "douilles", victim: "victime", video: "vidéo", call: "appel d'un témoin oculaire" };
const sources: Record<Source, string> = { call: "appel", patrol: "patrouille", alarm: "alarme", video: "vidéo" };
const after = (text: string): string => (text === "" ? "" : ` : ${text}`);

export const french: DecidingWords = {
  decisions: "Décisions",
  step: {
    acknowledge: "Prendre",
    call_back: "Rappeler",
    dispatch: "Envoyer",
    close: "Issue",
    judge: "Votre avis",
    corroborate: "Appels, constats",
    note: "Note",
    undo: "Annuler",
  },
  take_over: "Reprendre",
  undo_it: (n) => `Annuler l'entrée ${n}`,
  undone: "annulé",

  state: (e, me) => {
    const mine = e.taken_by === me;
    if (e.status === "open") return "Personne ne l'a pris";
    if (e.status === "closed") return `Clos : ${outcomes[e.outcome ?? "unknown"]}`;
    if (e.status === "dispatched") return mine ? "Vous avez envoyé une patrouille" : `${e.taken_by ?? ""} a envoyé une patrouille`;
    return mine ? "Vous vous en occupez" : `${e.taken_by ?? ""} s'en occupe`;
  },
  overdue: "L'issue n'est toujours pas saisie",

  held: (by) => `${by} s'en occupe. L'envoi vous le transmet, et le journal le dit.`,
  take_over_ask: (by) => `${by} s'occupe de cet événement. Le reprendre ?`,
  whom_called: "Qui avez-vous joint, et qu'a-t-on dit ?",
  whom_sent: "Qui envoyez-vous ?",
  note_text: "Note, gardée pour toujours dans le journal",
  keep: "Enregistrer",
  cancel: "Renoncer",
  outcome: "Qu'était-ce finalement ?",
  outcomes,
  outcome_means: {
    confirmed: "un motif ci-dessous le montre",
    false: "on sait que c'était autre chose",
    unconfirmed: "quelqu'un a cherché sans rien établir",
    unknown: "personne n'a cherché, ou ne peut dire",
  },
  grounds_ask: "Qu'est-ce qui le montre ? Un motif au moins.",
  grounds,
  found_ask: "Où l'a-t-on trouvé, si vous le savez ? Le réseau est mesuré par là.",
  found_pick: "Le montrer sur la carte",
  found_help: "Pointez le lieu sur la carte ; au clavier, les flèches la déplacent et Entrée prend son milieu. Échap y renonce.",
  found_coordinates: "ou ses coordonnées : latitude, longitude",
  found_wrong: "Ce ne sont pas des coordonnées comme 44.8412, -0.5793.",
  found_remove: "Retirer",
  found_mark: "trouvé",
  found_at: (distance: string, quarter: string): string => `à ${distance} du milieu de l'ellipse, côté ${quarter}`,
  remark: "Remarque",
  judge_ask: "Qu'était-ce, selon vous ?",
  labels,
  count_ask: "Coups, si vous pouvez le dire",
  came: "Signalé",
  came_in: "Ce qui est arrivé et peut s'y rapporter",
  came_none: "Rien de ce qui est arrivé aujourd'hui ne convient par l'heure et le lieu.",
  attach: "Rattacher",
  attached: "rattaché",
  enter_new: "Saisir ce qui vient d'arriver",
  source: "Source",
  sources,
  reference: "Son numéro",
  said: "Ce qui a été dit",
  came_after: (text) => `${text} après les tirs`,
  came_before: (text) => `${text} avant les tirs`,

  refused: (r) => {
    if (r.kind === "taken") return `${r.by} a pris cet événement. Rien de vous n'a été enregistré ; A le reprend.`;
    if (r.kind === "closed") return `${r.by} a clos cet événement${r.outcome === null ? "" : ` : ${outcomes[r.outcome]}`}. Annulez-le d'abord.`;
    if (r.kind === "dealt") return "Vous avez déjà traité cet événement : cette réponse ne peut compter comme donnée à l'aveugle.";
    if (r.kind === "said") return r.sentence;
    return "Le centre n'a pas répondu. Voyez le journal avant de recommencer.";
  },

  log: "Journal des décisions",
  log_none: "Personne n'a encore rien décidé.",
  did: (what, numberOf) => {
    switch (what.action) {
      case "acknowledge":
        return what.instead_of ? `l'a repris à ${what.instead_of}` : "l'a pris";
      case "call_back":
        return `a rappelé${after(what.text)}`;
      case "dispatch":
        return `a envoyé${after(what.text)}`;
      case "judge":
        return `avis : ${labels[what.label]}${what.count === null ? "" : `, ${what.count} coups`}${what.blind ? ", avant de voir celui de la machine" : ""}`;
      case "close": {
        const shown = what.grounds.map((g) => grounds[g]).join(", ");
        return `a clos : ${outcomes[what.outcome]}${shown && ` (${shown})`}${after(what.text)}`;
      }
      case "note":
        return `note${after(what.text)}`;
      case "undo":
        return `a annulé l'entrée ${numberOf(what.line)}`;
      case "corroborate":
        return `a rattaché : ${[sources[what.source], what.reference].filter(Boolean).join(" ")}`;
    }
  },
  machine: "Machine",
  verdicts: "Avis",
  no_verdict: "pas encore d'avis",
  blind_queue: (n) => `À juger d'abord : ${n}`,
  blind_title: "Votre réponse d'abord",
  blind_note: "Le lieu, la classe et la probabilité restent cachés jusqu'à votre réponse.",
  blind_show: "Voir sans répondre",
  blind_all: "Tout voir sans répondre",
  after_first: "Après le premier",
  blind_mark: "avant de voir celui de la machine",
  corroborated: (n) => (n === 1 ? "1 appel ou constat rattaché" : `${n} appels ou constats rattachés`),
};
