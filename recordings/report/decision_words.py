"""What people decided, in English and French: for the report, and for the centre's own papers."""

from __future__ import annotations

DECISIONS: dict[str, tuple[str, str]] = {
    "decision.acknowledge": ("took the event", "a pris l'événement en charge"),
    "decision.acknowledge_over": ("took the event over from {name}", "a repris l'événement de {name}"),
    "decision.call_back": ("asked: {text}", "a rappelé : {text}"),
    "decision.dispatch": ("sent: {text}", "a envoyé : {text}"),
    "decision.judge": ("a person's verdict: {label}", "verdict d'une personne : {label}"),
    "decision.count": ("rounds: {count}", "coups : {count}"),
    "decision.place": ("on the place: {text}", "sur le lieu : {text}"),
    "decision.blind": ("given without seeing the machine's verdict", "donné sans voir le verdict de la machine"),
    "decision.close": ("closed: {outcome}", "clos : {outcome}"),
    "decision.found_at": ("found {where}", "trouvé {where}"),
    "decision.found": (
        "a place of finds is recorded (it opens with the sealed part)",
        "un lieu de découverte est enregistré (il s'ouvre avec la partie scellée)",
    ),
    "decision.note": ("note: {text}", "note : {text}"),
    "decision.undo": ("undid line {line}", "a annulé la ligne {line}"),
    "decision.corroborate": (
        "corroborated by: {source}, {time}, reference {reference}",
        "corroboré par : {source}, {time}, référence {reference}",
    ),
    "decision.and": ("{first}; {then}", "{first} ; {then}"),
    "decision.undone": ("undone later", "annulé plus tard"),
    "clip.asked": (
        "asked {count} nodes for their sound: {because}",
        "a demandé leur son à {count} capteurs : {because}",
    ),
    "clip.came": ("the sound of {node} came", "le son de {node} est arrivé"),
    "clip.answered": ("no sound of {node} came: {why}", "aucun son de {node} n'est venu : {why}"),
    "clip.heard": ("listened to the sound of {node}: {because}", "a écouté le son de {node} : {because}"),
    "clip.labelled": (
        "said of impulse {number} of the sound of {node}: {label}",
        "a dit de l'impulsion {number} du son de {node} : {label}",
    ),
    "clip.taken_back": (
        "took back what they said of impulse {number} of the sound of {node}",
        "a repris ce qui a été dit de l'impulsion {number} du son de {node}",
    ),
    "outcome": ("Outcome", "Issue"),
    "outcome_by": ("{outcome}, by {name}, {time} UTC", "{outcome}, par {name}, {time} UTC"),
    "verdict_by": ("{name}, {time} UTC: {verdict}", "{name}, {time} UTC : {verdict}"),
    "no_outcome": ("None was entered before this file was made.", "Aucune n'a été saisie avant ce fichier."),
    "outcome.confirmed": ("confirmed", "confirmé"),
    "outcome.false": ("false", "faux"),
    "outcome.unconfirmed": ("unconfirmed", "non confirmé"),
    "outcome.unknown": ("unknown", "inconnu"),
    "ground.casings": ("casings", "douilles"),
    "ground.victim": ("victim", "victime"),
    "ground.video": ("video", "vidéo"),
    "ground.call": ("call", "appel"),
    "source.call": ("call", "appel"),
    "source.patrol": ("patrol", "patrouille"),
    "source.alarm": ("alarm", "alarme"),
    "source.video": ("video system", "vidéo"),
}
