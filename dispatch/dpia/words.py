"""The words of the data-protection file, English and French; what it says of decisions and laws is public record."""

from __future__ import annotations

DPIA_WORDS: dict[str, tuple[str, str]] = {
    "title": (
        "Data-protection file of {site}",
        "Dossier de protection des données de {site}",
    ),
    "made": (
        "Written on {day} by {program} from the configuration that this centre runs with. No "
        "configuration makes a deployment lawful by itself: what is marked TO FILL IN is for whoever is "
        "responsible for the processing.",
        "Écrit le {day} par {program} d'après la configuration de ce centre. Aucune configuration ne rend"
        " à elle seule un déploiement licite : ce qui est marqué À COMPLÉTER revient au responsable du "
        "traitement.",
    ),
    "fill": (
        "TO FILL IN",
        "À COMPLÉTER",
    ),
    "purpose": (
        "Purpose",
        "Finalité",
    ),
    "mandate": (
        "The mandate in force, signed by the centre",
        "Le mandat en vigueur, signé par le centre",
    ),
    "mandate.purpose": (
        "purpose",
        "finalité",
    ),
    "mandate.start": (
        "from (UTC)",
        "du (UTC)",
    ),
    "mandate.end": (
        "until (UTC)",
        "au (UTC)",
    ),
    "mandate.clips": (
        "clips of located shots may leave a node",
        "des extraits des tirs localisés peuvent quitter un nœud",
    ),
    "mandate.outside": (
        "Outside this zone and this time a node does not sample.",
        "Hors de cette zone et de cette période, un nœud n'échantillonne pas.",
    ),
    "mandate.none": (
        "No mandate is kept: the centre has not been started yet.",
        "Aucun mandat n'est conservé : le centre n'a pas encore été démarré.",
    ),
    "yes": (
        "yes",
        "oui",
    ),
    "no": (
        "no",
        "non",
    ),
    "captured": (
        "What is captured, and what never leaves a node",
        "Ce qui est capté, et ce qui ne quitte jamais un nœud",
    ),
    "captured.ram": (
        "A node holds a bounded ring of seconds of sound in memory. No code path writes it to a disk, and"
        " no route plays a microphone.",
        "Un nœud garde en mémoire un anneau borné de quelques secondes de son. Aucun chemin du code ne "
        "l'écrit sur un disque, et aucune voie ne permet d'écouter un microphone.",
    ),
    "captured.leaves": (
        "What leaves it are arrivals of impulses (time, level, direction, probabilities of classes of "
        "impulses) and the node's health, signed by the node.",
        "Ce qui le quitte : des arrivées d'impulsions (instant, niveau, direction, probabilités de "
        "classes d'impulsions) et l'état du nœud, signés par le nœud.",
    ),
    "captured.clips": (
        "Where the mandate allows clips, which by default it does not, a named person may ask for the sound of an "
        "event that three nodes or more located: the shots stay, everything else is made unintelligible on the "
        "node. Who asks and who listens gives a reason, which is in the journal. So does who takes clips that an "
        "analyst has labelled away, for a classifier to learn from.",
        "Si le mandat autorise les extraits, ce qu'il ne fait pas par défaut, une personne nommée peut demander le "
        "son d'un évènement localisé par trois nœuds au moins : les tirs restent, tout le reste est rendu "
        "inintelligible sur le nœud. Qui demande et qui écoute donne un motif, inscrit au journal. De même qui emporte "
        "des extraits étiquetés par un analyste, pour l'apprentissage d'un classificateur.",
    ),
    "captured.labels": (
        "The classes are those of impulses only: no voice, scream or behaviour is recognised.",
        "Les classes ne sont que celles d'impulsions : ni voix, ni cri, ni comportement n'est reconnu.",
    ),
    "captured.cameras": (
        "No camera or drone is steered.",
        "Aucune caméra et aucun drone ne sont pilotés.",
    ),
    "nodes": (
        "Nodes",
        "Nœuds",
    ),
    "nodes.count": (
        "enrolled and trusted",
        "enrôlés et de confiance",
    ),
    "nodes.revoked": (
        "revoked",
        "révoqués",
    ),
    "zones": (
        "zones for figures",
        "zones pour les chiffres",
    ),
    "nodes.places": (
        "Where each node stands is told to who needs it only, and therefore not in this file.",
        "L'emplacement de chaque nœud n'est dit qu'à qui en a besoin, donc pas dans ce dossier.",
    ),
    "keep": (
        "How long it is kept",
        "Durées de conservation",
    ),
    "keep.what": (
        "what",
        "quoi",
    ),
    "keep.long": (
        "how long",
        "durée",
    ),
    "keep.arrivals": (
        "arrivals that no event rests on",
        "arrivées sur lesquelles aucun évènement ne repose",
    ),
    "keep.events": (
        "events; names, words and places that people gave",
        "évènements ; noms, textes et lieux donnés par des personnes",
    ),
    "keep.audit": (
        "the journal of who did what",
        "le journal de qui a fait quoi",
    ),
    "keep.sound": (
        "sound at the centre: clips",
        "son au centre : extraits",
    ),
    "keep.none": (
        "none is kept",
        "aucun n'est conservé",
    ),
    "hours": (
        "{n} hours",
        "{n} heures",
    ),
    "days": (
        "{n} days",
        "{n} jours",
    ),
    "keep.record": (
        "An hourly task erases what is due; each erasure is a line of the journal that the centre signs. "
        "Older encrypted backups hold what was erased until they end themselves; a restore does not bring"
        " it back.",
        "Une tâche horaire efface ce qui est échu ; chaque effacement est une ligne du journal signée par"
        " le centre. Les sauvegardes chiffrées plus anciennes contiennent ce qui a été effacé jusqu'à "
        "leur propre fin ; une restauration ne le ramène pas.",
    ),
    "roles": (
        "Who can see and do what",
        "Qui peut voir et faire quoi",
    ),
    "roles.role": (
        "role",
        "rôle",
    ),
    "roles.people": (
        "people",
        "personnes",
    ),
    "role.wall": (
        "wall display",
        "écran mural",
    ),
    "role.dispatcher": (
        "dispatcher",
        "opérateur",
    ),
    "role.analyst": (
        "analyst",
        "analyste",
    ),
    "role.auditor": (
        "auditor",
        "auditeur",
    ),
    "role.administrator": (
        "administrator",
        "administrateur",
    ),
    "right.see-events": (
        "events",
        "évènements",
    ),
    "right.see-places": (
        "nodes' places",
        "lieux des nœuds",
    ),
    "right.decide": (
        "decide",
        "décider",
    ),
    "right.hear": (
        "clips",
        "extraits",
    ),
    "right.label": (
        "labels clips",
        "étiquette les extraits",
    ),
    "right.read-log": (
        "names and words",
        "noms et textes",
    ),
    "right.read-journal": (
        "journal",
        "journal",
    ),
    "right.administer": (
        "people",
        "comptes",
    ),
    "machines": (
        "Programs with access: {names}.",
        "Programmes ayant accès : {names}.",
    ),
    "machines.none": (
        "No program has access.",
        "Aucun programme n'a accès.",
    ),
    "recipients": (
        "Recipients of alerts",
        "Destinataires des alertes",
    ),
    "recipients.name": (
        "name",
        "nom",
    ),
    "recipients.way": (
        "way",
        "moyen",
    ),
    "recipients.of": (
        "of what",
        "sujet",
    ),
    "recipients.none": (
        "No alert leaves the centre.",
        "Aucune alerte ne quitte le centre.",
    ),
    "public.yes": (
        "A public page shows months, zones and outcomes, without node positions.",
        "Une page publique montre mois, zones et issues, sans position de nœud.",
    ),
    "public.no": (
        "There is no public page.",
        "Il n'y a pas de page publique.",
    ),
    "security": (
        "Security measures",
        "Mesures de sécurité",
    ),
    "security.tls": (
        "Every report is signed with its node's own key; over HTTPS it comes under the node's "
        "certificate. A revoked node is not heard.",
        "Chaque rapport est signé de la clé propre à son nœud ; par HTTPS, il arrive sous le certificat "
        "du nœud. Un nœud révoqué n'est pas entendu.",
    ),
    "security.page": (
        "The page listens on {host}: {how}. Passwords are kept as argon2id digests.",
        "La page écoute sur {host} : {how}. Les mots de passe sont conservés en empreintes argon2id.",
    ),
    "security.here": (
        "this machine only",
        "cette machine seulement",
    ),
    "security.https": (
        "over HTTPS only",
        "en HTTPS seulement",
    ),
    "security.chain": (
        "What happened is append-only and hash-chained; changes can be found by anyone who checks.",
        "Ce qui s'est passé est seulement ajouté et chaîné par empreintes ; quiconque vérifie trouve une modification.",
    ),
    "security.backup": (
        "Backups are encrypted (ChaCha20-Poly1305); a restore is checked.",
        "Les sauvegardes sont chiffrées (ChaCha20-Poly1305) ; une restauration est vérifiée.",
    ),
    "rights": (
        "Rights of persons",
        "Droits des personnes",
    ),
    "rights.access": (
        "What is kept about a person is found by `tocsin centre journal --text`, and erased by `tocsin "
        "centre erase`; the chain still verifies.",
        "Ce qui est conservé sur une personne se trouve par `tocsin centre journal --text` et s'efface "
        "par `tocsin centre erase` ; la chaîne reste vérifiable.",
    ),
    "law": (
        "What was decided elsewhere",
        "Ce qui a été décidé ailleurs",
    ),
    "law.1": (
        "Saint-Étienne, CNIL, October 2019: microphones in the street capture voices continuously and "
        "without distinction; unlawful without a specific legal framework.",
        "Saint-Étienne, CNIL, octobre 2019 : des microphones dans la rue captent les voix de manière "
        "continue et indifférenciée ; illicite sans cadre légal spécifique.",
    ),
    "law.2": (
        "Orléans, CNIL, September 2023: unlawful with camera coupling; without it, as configured at "
        "inspection, not found contrary to the rules, with no blank cheque. Administrative court, July "
        "2024: contract annulled.",
        "Orléans, CNIL, septembre 2023 : illicite avec couplage aux caméras ; sans lui, tel que configuré"
        " lors du contrôle, pas jugé contraire aux règles, sans blanc-seing. Tribunal administratif, "
        "juillet 2024 : contrat annulé.",
    ),
    "law.3": (
        "EU AI Act, Annex III 5(d): AI that dispatches emergency services or sets their priority is "
        "high-risk. Police files: directive 2016/680.",
        "Règlement européen sur l'IA, annexe III 5(d) : l'IA qui envoie des secours ou fixe leur priorité"
        " est à haut risque. Fichiers de police : directive 2016/680.",
    ),
    "open": (
        "Open points",
        "Points ouverts",
    ),
    "open.controller": (
        "who is responsible, and their data-protection officer",
        "le responsable du traitement et son délégué à la protection des données",
    ),
    "open.basis": (
        "the legal basis, and the specific framework that it rests on",
        "la base légale, et le cadre spécifique sur lequel elle repose",
    ),
    "open.necessity": (
        "why it is necessary and proportionate in this zone",
        "pourquoi c'est nécessaire et proportionné dans cette zone",
    ),
    "open.informed": (
        "how residents are informed, and where they ask",
        "comment les habitants sont informés, et à qui ils s'adressent",
    ),
    "open.risks": (
        "risks to persons, and what is left of them",
        "les risques pour les personnes, et ce qu'il en reste",
    ),
    "open.recipients": (
        "contracts with the recipients of alerts and whoever runs the machines",
        "les contrats avec les destinataires des alertes et les exploitants des machines",
    ),
    "open.backup": (
        "where backups are, who holds their key, when they end",
        "où sont les sauvegardes, qui en tient la clé, quand elles prennent fin",
    ),
    "open.review": (
        "who reviews this file, and when",
        "qui revoit ce dossier, et quand",
    ),
    "open.line": (
        "{fill}: {point}",
        "{fill} : {point}",
    ),
    "mandate.zone": (
        "corners of the zone, m east and north of the origin",
        "sommets de la zone, m à l'est et au nord de l'origine",
    ),
}
