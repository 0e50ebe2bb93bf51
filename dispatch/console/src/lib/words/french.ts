import { french as deciding } from "./deciding/french";
import { french as evidence } from "./evidence/french";
import { french as ground } from "./ground/french";
import type { Values, Words } from "./english";

const labels: Record<string, string> = {
  gunshot: "coup de feu",
  firework: "feu d'artifice",
  other: "autre bruit",
  shock_wave: "onde de choc",
  unknown: "inconnu",
};

const nodes = (n: number): string => (n === 1 ? "1 capteur" : `${n} capteurs`);

/** What a node says of itself, in its own English; what is not in this list is shown as it was said. */
const sentences: [RegExp, (...parts: string[]) => string][] = [
  [/^no sound from the source for (\d+) s$/, (s) => `aucun son de la source depuis ${s} s`],
  [/^sound was lost (\d+) s ago$/, (s) => `du son a été perdu il y a ${s} s`],
  [/^the clock is known to (\d+) ms only$/, (ms) => `l'horloge n'est connue qu'à ${ms} ms près`],
  [/^(\d+) reports were set aside; the log says why$/, (n) => `${n} messages mis de côté : le journal dit pourquoi`],
  [/^capture failed for a reason that the node's log tells$/, () => "la prise de son a échoué ; le journal du capteur dit pourquoi"],
  [/^only (\d+) MB are free on the disk$/, (mb) => `il ne reste que ${mb} Mo sur le disque`],
  [/^the board is at (-?\d+) °C$/, (c) => `la carte est à ${c} °C`],
  [/^microphone (\d+) gives nothing$/, (n) => `le microphone ${n} ne donne rien`],
  [/^each of the microphones ([\d, ]+) gives nothing$/, (n) => `les microphones ${n} ne donnent rien`],
  [/^microphone (\d+) is clipped most of the time$/, (n) => `le microphone ${n} sature presque toujours`],
  [/^each of the microphones ([\d, ]+) is clipped most of the time$/, (n) => `les microphones ${n} saturent presque toujours`],
  [/^microphone (\d+) hears (\d+) dB less than the others$/, (n, db) => `le microphone ${n} entend ${db} dB de moins que les autres`],
  [/^wind at the microphones drowns what is far away$/, () => "le vent aux microphones couvre ce qui est loin"],
  [/^the centre has given no mandate yet$/, () => "le centre n'a pas encore donné de mandat"],
  [/^the node's place lies outside the zone of its mandate$/, () => "le capteur est hors de la zone de son mandat"],
  [/^the mandate begins on (.+)$/, (when) => `le mandat commence le ${when}`],
  [/^the mandate ended on (.+)$/, (when) => `le mandat a pris fin le ${when}`],
  [/^the centre revoked this node on (.+)$/, (when) => `le centre a révoqué ce capteur le ${when}`],
  [/^(\d+) reports were dropped: the outbox is full$/, (n) => `${n} messages perdus : la file d'envoi est pleine`],
];

function said(sentence: string): string {
  for (const [pattern, inFrench] of sentences) {
    const found = pattern.exec(sentence);
    if (found !== null) return inFrench(...found.slice(1));
  }
  return sentence;
}

const quarters = ["nord", "nord-est", "est", "sud-est", "sud", "sud-ouest", "ouest", "nord-ouest"];

export const french: Words = {
  language: "Français",
  language_choice: "Langue",
  deciding,
  evidence,
  clips: {
    title: "Le son des tirs",
    note: "Les nœuds le gardent en mémoire moins d'une minute. Tout sauf les tirs y est rendu inintelligible.",
    ask: "Demander le son",
    because: "Pourquoi ? Le journal le garde avec votre nom.",
    listen: "Écouter",
    of: (node: string): string => `Ce que ${node} a entendu`,
    slow: "Quatre fois plus lent",
    state: {
      asked: "demandé",
      unanswered: "n'a pas répondu",
      found: "présent",
      gone: "ne l'a plus en mémoire",
      refused: "refusé",
      erased: "effacé",
    },
  },
  ground,
  quarters,
  compass_north: "N",

  night: "Nuit",
  day: "Jour",
  to_night: "Passer au thème de nuit",
  to_day: "Passer au thème de jour",
  sound: "Son",
  pages: { all: "Pages", board: "Tableau", search: "Recherche", handover: "Relève", figures: "Chiffres", labels: "Étiquettes", administration: "Administration" },
  report: "Rapport (PDF)",
  report_making: "En cours …",
  evidence_file: "Dossier de preuve",
  evidence_for: "À qui le fichier est remis, et pourquoi",
  evidence_make: "Le produire",
  evidence_key: "La clé de sa partie scellée, qui dit où c'était sur le globe. Elle n'est donnée que maintenant :",
  replay: "Rejouer avec d'autres réglages",
  sound_off: "Le son est coupé",
  sound_waiting: "Pressez une touche pour le son",
  sound_on: "Le son est activé",
  sound_turn_on: "Activer le son d'alerte",
  sound_turn_off: "Couper le son d'alerte",
  volume: "Volume du son d'alerte",
  live: "En direct",
  connecting: "Connexion …",
  keys: "Touches",
  keys_title: "Tout au clavier",
  keys_list: [
    ["↑  ↓", "parcourir la file"],
    ["N", "ouvrir le plus récent que personne n'a pris"],
    ["A  C  D  O", "prendre, rappeler, envoyer une patrouille, saisir l'issue"],
    ["J  K  T", "votre avis, appels et constats, une note"],
    ["U", "annuler votre dernière décision sur l'événement ouvert"],
    ["Échap", "fermer ce qui est ouvert"],
    ["M, puis flèches", "déplacer la carte"],
    ["+  −", "agrandir ou réduire la carte"],
    ["0", "voir tout le réseau"],
    ["?", "cette liste"],
  ],
  close: "Fermer",

  log_in: "Se connecter",
  log_out: (name) => `Déconnecter ${name}`.trim(),
  person: "Nom",
  password: "Mot de passe",
  new_password: "Nouveau mot de passe",
  password_rule: "12 caractères au moins ; quelques mots se retiennent bien.",
  first_title: "Vous êtes la première personne ici",
  first_note: "Choisissez votre nom et un mot de passe. Vous devenez l'administrateur de ce centre.",
  join_title: "Choisissez votre mot de passe",
  join_note: "Ce lien ne sert qu'une fois. Ensuite, connectez-vous avec votre nom et ce mot de passe.",
  ended_title: "Votre session a pris fin",
  ended_note: "L'affichage derrière date d'avant. Connectez-vous pour reprendre où vous en étiez.",
  go_on: "Continuer",
  code: "Code à usage unique",
  code_note: "Six chiffres de l'application sur votre téléphone. Chacun ne sert qu'une fois.",
  start_over: "Retour",

  account: (name) => `${name} : votre connexion`,
  present_password: "Mot de passe actuel",
  change_password: "Changer le mot de passe",
  password_changed: "Votre mot de passe est changé. Vos autres sessions ont pris fin.",
  codes_are_on: "Les codes à usage unique sont activés",
  codes_are_off: "Les codes à usage unique sont désactivés",
  codes_note: "Avec eux, la connexion demande, outre le mot de passe, un code d'une application sur votre téléphone.",
  codes_off_note: "Pour les désactiver, donnez votre mot de passe et un dernier code.",
  codes_offer_note: "Saisissez ceci dans votre application d'authentification, ou ouvrez-l'y. Ce n'est montré qu'une fois. Tapez ensuite le code qu'elle affiche.",
  codes_turn_on: "Activer",
  codes_confirm: "Confirmer",
  codes_turn_off: "Désactiver",
  codes_turned_on: "Désormais, la connexion demande un code.",
  codes_turned_off: "Désormais, la connexion ne demande que le mot de passe.",
  with_provider: (label) => `Avec ${label}`,
  refusal: {
    wrong: "Le nom ou le mot de passe est faux.",
    provider: "Vous n'avez pas pu entrer par là. Demandez à un administrateur si vous êtes inscrit sous le nom que vous y portez.",
    code: "Ce code ne convient pas, ou a déjà servi. Attendez le suivant.",
    own: "Le mot de passe ou le code est faux. Chaque code ne sert qu'une fois.",
    ended: "Votre session a pris fin.",
    link: "Ce lien a déjà servi ou est trop ancien. Un administrateur peut en faire un nouveau.",
    many: "Trop d'essais. Réessayez dans 15 minutes, ou demandez à un administrateur.",
    password: "Ce mot de passe ne convient pas : 12 caractères au moins, dont 5 différents, et plus que votre nom.",
    name: "Ce nom ne convient pas : des lettres, des chiffres, des espaces, et qui ne soit à personne d'autre.",
    away: "Le centre ne répond pas. Réessayez dans un instant.",
  },
  ended: (since) => `Votre session a pris fin à ${since}.`,

  lost: (since) => `Liaison perdue, nouvel essai depuis ${since}.`,
  lost_meaning: "L'affichage date de ce moment ; les nouveaux tirs n'apparaissent pas.",
  picture_from: (time) => `Affichage de ${time}`,

  queue: "Tirs possibles",
  waiting: (n) => `${n} à décider`,
  other_sounds: (n) => (n === 1 ? "1 autre bruit" : `${n} autres bruits`),
  capped: (n) => `Seuls les ${n} plus récents sont affichés ; le centre les garde tous.`,
  other_note: "Localisés, mais non pris pour des tirs.",
  empty_title: "Tout est calme",
  empty_listening: (n) =>
    n === 1
      ? "1 capteur écoute. Un tir localisé apparaîtra ici."
      : `${n} capteurs écoutent. Un tir localisé apparaîtra ici.`,
  empty_next: "Avec son lieu sous forme d'ellipse, le degré de certitude et le nombre de capteurs qui l'ont entendu.",
  empty_none: "Aucun capteur ne s'est encore annoncé.",
  empty_none_next:
    "Les capteurs apparaissent sur la carte une fois inscrits et en marche ; un tir localisé apparaîtra alors ici.",
  yesterday: "hier",

  called: (label, count) => {
    if (label === "gunshot") return count === 1 ? "Tir possible" : "Tirs possibles";
    if (label === "firework") return "Probablement un feu d'artifice";
    if (label === "withdrawn") return "Retiré";
    return label === "other" ? "Autre bruit" : "Bruit incertain";
  },
  exercise: "EXERCICE",
  rounds: (n) => (n === 1 ? "1 coup" : `${n} coups`),
  level: (percent) => `${percent} dans`,
  inside: (percent, size) => `${percent} dans ${size}`,
  heard_by: (n) => `entendu par ${nodes(n)}`,
  ambiguous: "Un second lieu convient presque aussi bien",
  late: "Signalé en retard",
  ago: (text) => `il y a ${text}`,
  just_now: "à l'instant",
  seconds: (n) => `${n} s`,
  minutes: (n) => `${n} min`,
  hours: (n) => `${n} h`,
  days: (n) => `${n} j`,
  announced: (what, where) => `Nouveau : ${what}, ${where}`,
  announced_gone: (n) => `L'événement ${n} a été retiré`,
  show: "Voir",

  event: (n) => `Événement ${n}`,
  choose: "Rien n'est ouvert",
  choose_note: "Choisissez un événement dans la file ou sur la carte : le lieu, sa précision et pourquoi.",
  where: "Où",
  when: "Quand",
  heard: "Entendu",
  why: "Pourquoi la machine le dit",
  unknown: "Inconnu",
  long_side: (quarter, opposite) => `allongée du ${quarter} au ${opposite}`,
  from_node: (distance, quarter, node) => `à ${distance} du capteur ${node}, côté ${quarter}`,
  at_node: (node) => `au capteur ${node}`,
  coordinates: "Coordonnées du milieu",
  copy: "Copier",
  copied: "Copié",
  nearest_address: (address, distance, source) =>
    `Adresse la plus proche, pas le lieu du tir : ${address}, à ${distance} (${source})`,
  from_origin: (east, north) => `${east}, ${north} de l'origine du réseau`,
  to_east: "est",
  to_west: "ouest",
  to_north: "nord",
  to_south: "sud",
  within: (rounds, seconds) => `${rounds} en ${seconds}`,
  late_by: (text) => `Signalé ${text} après les faits`,
  second_place: (distance, quarter) =>
    `Un second lieu convient presque aussi bien : à ${distance}, côté ${quarter}, en tirets sur la carte`,
  by_of: (n, of) => `par ${n} capteurs sur ${of}`,
  unknown_list: [
    "qui a tiré, avec quoi et sur quoi",
    "s'il y a des blessés",
    "l'adresse : le lieu, c'est l'ellipse",
  ],
  withdrawn_note: "Des messages plus tardifs expliquent ces bruits autrement. Ce qui a été affiché reste ci-dessous.",
  details_missing: "Les détails n'ont pu être lus. Ils viendront avec le prochain message.",

  origins: "Comment le lieu a été trouvé",
  arrivals: "Ce que chaque capteur a entendu",
  arrivals_hidden: "Montré à qui peut voir où sont les capteurs ; votre rôle voit leurs carrés.",
  loud: "Force",
  refused: (why) => `Écartée : ${why}`,
  off_by: (ms) => `${ms} d'écart`,

  map: "Carte",
  map_help: "Les flèches la déplacent, plus et moins l'agrandissent, zéro montre tout le réseau.",
  fit_all: "Tout le réseau",
  zoom_in: "Agrandir",
  zoom_out: "Réduire",
  second: "second lieu",
  nodes: "Capteurs",
  zone: (listening, of) => `${nodes(of)} dans ce carré, ${listening} à l'écoute`,
  listening: (n) => (n === 1 ? "1 à l'écoute" : `${n} à l'écoute`),
  troubled: (n) => `${n} non`,
  state: {
    starting: "démarre",
    ok: "ok",
    degraded: "dégradé",
    deaf: "sourd",
    out_of_mandate: "n'écoute pas : hors mandat",
    failed: "en panne",
    fault: "en panne",
    silent: "muet",
    new: "pas encore entendu",
    revoked: "révoqué",
  },
  last_report: (text) => `dernier message il y a ${text}`,
  never: "aucun message",
  clock_to: (text) => `horloge connue à ${text}`,
  noise: (text) => `bruit ${text}`,
  outbox: (n) => (n === 1 ? "1 message en attente" : `${n} messages en attente`),

  reason: {
    nodes_agree: (v: Values) => `${v.agree} capteurs sur ${v.of} disent : ${labels[String(v.label)] ?? v.label}`,
    nodes_heard: (v: Values) => `Entendu par ${v.nodes} capteurs`,
    no_redundancy: (v: Values) => `${v.nodes} capteurs seulement l'ont entendu : rien ne vérifie le lieu`,
    ambiguous: () => "Un autre lieu explique presque aussi bien les arrivées",
    aloft: () => "Explosion haut au-dessus des toits",
    at_ground: () => "Au niveau du sol",
    even_rounds: (v: Values) =>
      `${v.rounds} coups à intervalles réguliers de ${String(v.interval_s).replace(".", ",")} s, comme une arme automatique`,
    uneven_rounds: (v: Values) =>
      `${v.rounds} détonations à intervalles irréguliers d'environ ${String(v.interval_s).replace(".", ",")} s, comme un chapelet de pétards`,
    many_places: (v: Values) => `De ${v.places} lieux en quelques secondes`,
    shock_wave_led: (v: Values) => `L'onde de choc d'une balle l'a précédé chez ${v.nodes} des capteurs`,
    faint: () => "Faible pour un coup de feu à cette distance",
    others_deaf: (v: Values) => `${v.nodes} capteurs plus proches que d'autres qui l'ont entendu n'ont rien entendu`,
    stray_levels: () => "Ses niveaux ne baissent pas avec la distance comme ceux d'un seul bruit",
    explained_otherwise: () => "Des arrivées plus tardives expliquent autrement ces bruits",
    moving: (v: Values) => {
      const towards = quarters[Math.round(Number(v.azimuth_deg) / 45) % 8];
      const speed = String(v.speed_ms).replace(".", ",");
      return `Le tireur s'est déplacé vers le ${towards} à environ ${speed} m/s`.replace("le est", "l'est").replace("le ouest", "l'ouest");
    },
    two_shooters: (v: Values) => {
      const seconds = String(v.seconds).replace(".", ",");
      return `Un autre coup est parti ${seconds} s avant, à ${v.metres} m de là : deux tireurs`;
    },
    moved: () => "Un meilleur lieu compte ce tir dans un autre événement",
  },
  said,
};
