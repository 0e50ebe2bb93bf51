import type { ErasingWords } from "./english";

export const french: ErasingWords = {
  title: "Effacer des noms et des mots",
  note: "Qui demande à être oublié est cherché dans le journal, puis effacé. Une personne qui se connecte garde un nom jusqu'à ce que la page Personnes la retire.",
  text: "Nom ou texte à trouver",
  find: "Trouver les lignes",
  nothing: (text) => `Aucune ligne ne contient « ${text} ».`,
  more: (n) => `Voici les ${n} plus récentes. Effacez-les, puis cherchez le reste.`,
  choose: (line) => `Effacer la ligne ${line}`,
  for_good: "Rien ne le fait revenir. Ce qui reste :",
  stays: [
    "ce qui fut fait et quand, et comment un événement s'est terminé : les chiffres ne changent pas ;",
    "la chaîne, qui se vérifie toujours, avec un acte signé qui dit par qui, quand et pourquoi ce fut effacé ;",
    "les preuves faites auparavant, qui ont leur propre copie ; le journal dit à qui elles furent remises.",
  ],
  because: "Pourquoi, pour l'acte, sans les mots à effacer",
  named: "Le motif reste pour toujours ; n'y mettez pas ce qui est à effacer.",
  confirm: "Tapez « effacer » pour confirmer",
  confirm_word: "effacer",
  erase: (n) => (n === 1 ? "Effacer de 1 ligne" : `Effacer de ${n} lignes`),
  done: (n) => (n === 0 ? "Il n'y avait plus rien à effacer." : n === 1 ? "Noms et mots sont effacés de 1 ligne." : `Noms et mots sont effacés de ${n} lignes.`),
};
