import type { MandateWords } from "./english";

export const french: MandateWords = {
  note: "En dehors, un capteur n'écoute pas : ni avant, ni après, ni hors de sa zone.",
  have_it: (n, of) => (n === of ? (of === 1 ? "Le capteur l'a." : `Les ${of} capteurs l'ont.`) : `${n} ${n < 2 ? "capteur" : "capteurs"} sur ${of} ${n < 2 ? "l'a" : "l'ont"}.`),
  lacking: (nodes) => `Pas encore confirmé : ${nodes.join(", ")}. Chacun le reçoit avec la réponse à son prochain rapport.`,
  map: "Les capteurs et la zone vus d'en haut ; un clic ajoute un coin",
  corners: "Coins de la zone : mètres est, nord",
  draw_note: "Un coin par ligne, ou un clic sur la carte. Une ligne vide commence un autre contour ; l'un dans l'autre est un trou. Un fichier de polygones est lu par tocsin centre mandate --zone.",
  anew: "Dessiner de nouveau",
  around: (metres) => `Autour des capteurs, à ${metres} m`,
  no_zone: "Il faut à la zone un contour de trois coins ou plus, chacun une ligne comme 120, -40.",
  outside: (nodes) => `Hors de la zone, donc bientôt sans écoute : ${nodes.join(", ")}.`,
};
