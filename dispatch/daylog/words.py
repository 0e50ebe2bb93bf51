"""The log's own sentences; those that the report says too are its."""

from __future__ import annotations

from recordings.report.common_words import COMMON
from recordings.report.decision_words import DECISIONS

LOG_WORDS: dict[str, tuple[str, str]] = {
    **COMMON,
    **DECISIONS,
    "log.title": ("Log of {day}", "Main courante du {day}"),
    "log.under": ("{site}. Times are those of {zone}.", "{site}. Les heures sont celles de {zone}."),
    "log.page": ("Log of {day} · page", "Main courante du {day} · page"),
    "log.alerts": ("Alerts", "Alertes"),
    "log.closed": ("Closed on this day", "Closes ce jour"),
    "log.open": ("Alerts of this day without an outcome now", "Alertes de ce jour sans issue à présent"),
    "log.incoming": ("Came in from elsewhere", "Reçu d'ailleurs"),
    "log.missed": ("Entered as missed", "Saisi comme manqué"),
    "log.made": ("This copy made", "Copie établie le"),
    "log.end": (
        "The original is the centre's journal. After line {line} its chain's digest (SHA-256) is:",
        "L'original est le journal du centre. Après la ligne {line}, l'empreinte de sa chaîne (SHA-256) est :",
    ),
    "log.nothing": ("Nothing was recorded on this day.", "Rien n'a été consigné ce jour."),
    "log.note": (
        "An event's place and class are shown where the class or the count changed, or the place moved by more than "
        "25 m; the journal keeps every version. Undone decisions are marked and stay.",
        "Le lieu et la classe d'un événement figurent lorsque la classe ou le nombre a changé, ou que le lieu a bougé "
        "de plus de 25 m ; le journal garde chaque version. Les décisions annulées sont marquées et restent.",
    ),
    "log.time": ("Time", "Heure"),
    "log.who": ("Who", "Qui"),
    "log.kind": ("Kind", "Genre"),
    "log.machine": ("the program", "le programme"),
    "log.shot": (
        "{label}, {probability}; {count}; fired at {time}; ellipse {long} × {wide} around {place}; {nodes} nodes",
        "{label}, {probability} ; {count} ; parti à {time} ; ellipse {long} × {wide} autour de {place} ; "
        "{nodes} capteurs",
    ),
    "log.possible": ("possible gunshots", "coups de feu possibles"),
    "log.round": ("1 round", "1 coup"),
    "log.rounds": ("{count} rounds", "{count} coups"),
    "log.exercise": ("EXERCISE: ", "EXERCICE : "),
    "log.node": ("node {node}: {state}", "capteur {node} : {state}"),
    "log.came": ("{source}, {time}, reference {reference}: {text}", "{source}, {time}, référence {reference} : {text}"),
    "log.miss": (
        "a shooting that raised no alert: {time}, {place}, case {reference} ({grounds}) {text}",
        "tir n'ayant déclenché aucune alerte : {time}, {place}, affaire {reference} ({grounds}) {text}",
    ),
    "log.other": ("{kind} {subject}: {data}", "{kind} {subject} : {data}"),
    "log.metres": ("{east}, {north} of the origin", "{east}, {north} de l'origine"),
    "state.ok": ("at work", "en service"),
    "state.degraded": ("at work, degraded", "en service, dégradé"),
    "state.fault": ("fault", "en panne"),
    "state.failed": ("failed", "en panne"),
    "state.deaf": ("deaf", "sourd"),
    "state.out_of_mandate": ("out of mandate: not listening", "hors mandat : n'écoute pas"),
    "state.starting": ("starting", "démarre"),
    "state.revoked": ("revoked", "révoqué"),
    "state.silent": ("silent", "muet"),
    "state.new": ("enrolled, not heard yet", "inscrit, pas encore entendu"),
}
