"""What the report and the centre's own papers both say, in English and French; the program's codes among it."""

from __future__ import annotations

COMMON: dict[str, tuple[str, str]] = {
    "of": ("of", "sur"),
    "event": ("Event", "Événement"),
    "east": ("{m} east", "{m} à l'est"),
    "west": ("{m} west", "{m} à l'ouest"),
    "north": ("{m} north", "{m} au nord"),
    "south": ("{m} south", "{m} au sud"),
    "line": ("Line", "Ligne"),
    "what": ("What", "Quoi"),
    "line.evidence": ("evidence made for {made_for}", "preuve établie pour {made_for}"),
    "line.reminder": ("no outcome yet: reminder", "toujours sans issue : rappel"),
    "label.gunshot": ("gunshot", "coup de feu"),
    "label.firework": ("firework", "feu d'artifice"),
    "label.other": ("another sound", "autre bruit"),
    "label.shock_wave": ("shock wave", "onde de choc"),
    "label.unknown": ("unknown", "inconnu"),
    "label.withdrawn": ("withdrawn", "retiré"),
    "reason.nodes_agree": ("{agree} of {of} nodes say {label}", "{agree} capteurs sur {of} disent : {label}"),
    "reason.nodes_heard": ("Heard by {nodes} nodes", "Entendu par {nodes} capteurs"),
    "reason.no_redundancy": (
        "Only {nodes} nodes heard it: nothing checks the place",
        "{nodes} capteurs seulement l'ont entendu : rien ne vérifie le lieu",
    ),
    "reason.ambiguous": (
        "Another place explains the arrivals nearly as well",
        "Un autre lieu explique presque aussi bien les arrivées",
    ),
    "reason.aloft": ("It burst high over the roofs", "Explosion haut au-dessus des toits"),
    "reason.at_ground": ("At ground level", "Au niveau du sol"),
    "reason.even_rounds": (
        "{rounds} rounds, evenly {interval_s} s apart, as an automatic gun fires",
        "{rounds} coups à intervalles réguliers de {interval_s} s, comme une arme automatique",
    ),
    "reason.uneven_rounds": (
        "{rounds} bangs at uneven intervals of about {interval_s} s, as a string of crackers has them",
        "{rounds} détonations à intervalles irréguliers d'environ {interval_s} s, comme un chapelet de pétards",
    ),
    "reason.many_places": ("From {places} places within seconds", "De {places} lieux en quelques secondes"),
    "reason.shock_wave_led": (
        "A bullet's shock wave came before it at {nodes} of the nodes",
        "L'onde de choc d'une balle l'a précédé chez {nodes} des capteurs",
    ),
    "reason.faint": ("Faint for a gunshot at this distance", "Faible pour un coup de feu à cette distance"),
    "reason.others_deaf": (
        "{nodes} nodes nearer than others that heard it heard nothing",
        "{nodes} capteurs plus proches que d'autres qui l'ont entendu n'ont rien entendu",
    ),
    "reason.stray_levels": (
        "Its levels do not fall with distance as those of one sound",
        "Ses niveaux ne baissent pas avec la distance comme ceux d'un seul bruit",
    ),
    "reason.explained_otherwise": (
        "Later arrivals explained the sounds otherwise",
        "Des arrivées plus tardives expliquent autrement ces bruits",
    ),
    "reason.moving": (
        "The shooter moved towards the {quarter} at about {speed_ms} m/s",
        "Le tireur s'est déplacé, côté {quarter}, à environ {speed_ms} m/s",
    ),
    "reason.two_shooters": (
        "Another shot came {seconds} s before from {metres} m away: two shooters",
        "Un autre coup est parti {seconds} s avant, à {metres} m de là : deux tireurs",
    ),
    "reason.moved": (
        "A better place counts this shot to another event",
        "Un meilleur lieu compte ce tir dans un autre événement",
    ),
    "quarters": (
        "north|north-east|east|south-east|south|south-west|west|north-west",
        "nord|nord-est|est|sud-est|sud|sud-ouest|ouest|nord-ouest",
    ),
}
