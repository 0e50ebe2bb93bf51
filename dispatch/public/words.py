"""The public page's sentences, English and French."""

from __future__ import annotations

PUBLIC_WORDS: dict[str, tuple[str, str]] = {
    "public.title": ("{site}: what the gunshot network did", "{site} : ce qu'a fait le réseau de détection de tirs"),
    "public.under": (
        "Counted on {made} from the centre's journal, for the twelve months before.",
        "Compté le {made} à partir du journal du centre, pour les douze mois précédents.",
    ),
    "public.other": ("Français", "English"),
    "public.outcomes": ("Alerts and how they ended", "Les alertes et leur issue"),
    "public.outcomes_note": (
        "An alert says that the network took a sound for a possible gunshot. What it was, people found out: "
        "confirmed (by casings, a victim, a video or a witness), false, unconfirmed (looked for, nothing found "
        "either way), unknown, or still open. Missed are confirmed shootings for which there was no alert.",
        "Une alerte signifie que le réseau a pris un bruit pour un possible coup de feu. Ce que c'était, des "
        "personnes l'ont établi : confirmé (douilles, victime, vidéo ou témoin), faux, non confirmé (recherché, "
        "rien trouvé dans un sens ni dans l'autre), inconnu, ou encore ouvert. Manqués : tirs confirmés pour "
        "lesquels il n'y a pas eu d'alerte.",
    ),
    "public.month": ("Month", "Mois"),
    "public.zone": ("Zone", "Zone"),
    "public.alerts": ("Alerts", "Alertes"),
    "public.confirmed": ("Confirmed", "Confirmées"),
    "public.false": ("False", "Fausses"),
    "public.unconfirmed": ("Unconfirmed", "Non confirmées"),
    "public.unknown": ("Unknown", "Inconnues"),
    "public.open": ("Open", "Ouvertes"),
    "public.missed": ("Missed", "Manqués"),
    "public.none": ("Nothing was counted yet.", "Rien n'a encore été compté."),
    "public.well": ("How well it did", "Avec quelle qualité"),
    "public.undecided": ("Not decided, of all alerts", "Non tranchées, parmi toutes les alertes"),
    "public.precision": ("Confirmed, of those decided", "Confirmées, parmi les tranchées"),
    "public.recall": ("Confirmed shootings that raised an alert", "Tirs confirmés ayant déclenché une alerte"),
    "public.share": (
        "{value} ({count} of {of}; 95 % interval {low} to {high})",
        "{value} ({count} sur {of} ; intervalle à 95 % : {low} à {high})",
    ),
    "public.no_share": ("nothing to count", "rien à compter"),
    "public.kept": ("Who was given what, and what was deleted", "Ce qui a été remis, ce qui a été effacé"),
    "public.evidence": ("Files of evidence given out", "Fichiers de preuve remis"),
    "public.deletions": ("Deletions", "Effacements"),
    "public.is": ("What the network is", "Ce qu'est le réseau"),
    "public.is_note": (
        "Microphones on roofs listen for sudden bangs only. Sound stays in a node's memory for seconds and is "
        "never written down; nobody can listen in; there is no label for voices. What is sent is when a bang came"
        " and what kind it seems to be. This page shows nothing finer than a zone and a month, and not where "
        "microphones are.",
        "Des microphones sur les toits ne guettent que les détonations. Le son reste quelques secondes en mémoire"
        " du capteur et n'est jamais écrit ; personne ne peut écouter ; aucune étiquette ne vise les voix. Ce qui"
        " est envoyé, c'est l'heure d'une détonation et ce qu'elle semble être. Cette page ne montre rien de plus"
        " fin qu'une zone et un mois, ni l'emplacement des microphones.",
    ),
    "public.data": ("The same figures for programs:", "Les mêmes chiffres pour des programmes :"),
}
