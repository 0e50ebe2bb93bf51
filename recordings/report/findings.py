"""What `recordings.evidence.verify` finds, in French: a pattern of its sentence, and the same with its parts."""

from __future__ import annotations

import re

_SENTENCES = (
    (
        r"every member is as it was signed, with the key (\S+) \((.+)\)",
        "chaque élément est tel qu'il a été signé, avec la clé {0} (à comparer à celle du centre : tocsin centre key)",
    ),
    (
        r"made by a replay of (.+), whose keys show only that nothing was changed since; "
        r"subject\.json names (\d+) recordings by their SHA-256",
        "fait par une relecture de {0}, dont les clés montrent seulement que rien n'a été modifié depuis ; "
        "subject.json nomme {1} enregistrements par leur SHA-256",
    ),
    (
        r"(\d+) reports are signed by the (\d+) nodes they came from",
        "{0} rapports sont signés par les {1} capteurs dont ils viennent",
    ),
    (r"line (\d+) of the centre's chain was changed", "la ligne {0} de la chaîne du centre a été modifiée"),
    (
        r"the centre's chain is broken: its lines do not lead to its end",
        "la chaîne du centre est rompue : ses lignes ne mènent pas à sa fin",
    ),
    (
        r"version (\d+) of shot (\S+) is not in the chain",
        "la version {0} du tir {1} n'est pas dans la chaîne",
    ),
    (r"some versions were made by another method: (.+)", "certaines versions sont l'œuvre d'une autre méthode : {0}"),
    (
        r"names and words were erased from (\d+) lines of the chain; what is left is as the centre says",
        "noms et textes ont été effacés de {0} lignes de la chaîne ; ce qui reste est comme le centre le dit",
    ),
    (
        r"the chain holds, lines (\d+) to (\d+), with every version",
        "la chaîne tient, lignes {0} à {1}, avec chaque version",
    ),
    (
        r"shot (\S+) rests on arrival (\S+), which no report holds",
        "le tir {0} repose sur l'arrivée {1}, qu'aucun rapport ne contient",
    ),
    (
        r"what the shots rest on is what the nodes reported",
        "ce sur quoi reposent les tirs est ce que les capteurs ont signalé",
    ),
    (
        r"computed anew, (\d+) shots are where they were when this bundle was made",
        "recalculés, {0} tirs sont là où ils étaient lors de l'établissement du fichier",
    ),
    (
        r"what was published last is what all the reports together say",
        "ce qui a été publié en dernier est ce que disent tous les rapports ensemble",
    ),
    (r"event\.json says in short what the rest says", "event.json dit en bref ce que dit le reste"),
    (r"event\.json says something else than the rest", "event.json dit autre chose que le reste"),
    (
        r"the code that locates is the very one of (.+) \((\w+)\)",
        "le code qui localise est exactement celui de {0} ({1})",
    ),
    (
        r"the code that locates is not that of (.+): expect small differences",
        "le code qui localise n'est pas celui de {0} : de petites différences sont à attendre",
    ),
    (
        r"the shots as the centre kept them, which the chain names, are those published here",
        "les tirs tels que le centre les a gardés, que la chaîne nomme, sont ceux publiés ici",
    ),
    (
        r"it is not so that the shots as the centre kept them, which the chain names, are those published here",
        "les tirs tels que le centre les a gardés, que la chaîne nomme, ne sont pas ceux publiés ici",
    ),
)
_DIFFERENCES = (
    (r"shot (\S+) is gone", "le tir {0} a disparu"),
    (r"shot (\S+) is new", "le tir {0} est nouveau"),
    (r"shot (\S+) is ([\d.]+) m elsewhere", "le tir {0} est à {1} m de là"),
    (r"shot (\S+) was fired ([+-][\d.]+) ms later", "le tir {0} est parti {1} ms plus tard"),
    (
        r"the ellipse of shot (\S+) is ([\d.]+) m long, not ([\d.]+) m",
        "l'ellipse du tir {0} a {1} m de demi-grand axe, et non {2} m",
    ),
    (r"shot (\S+) rests on other arrivals", "le tir {0} repose sur d'autres arrivées"),
    (
        r"shot (\S+) is (\w+) with ([\d.]+), not (\w+) with ([\d.]+)",
        "le tir {0} est « {1} » avec {2}, et non « {3} » avec {4}",
    ),
)
_BEFORE = (
    ("computed anew, ", "recalculé : "),
    ("computed anew, as another program may, ", "recalculé, comme un autre programme le peut : "),
    ("as published, before all was known: ", "tel que publié, avant que tout soit connu : "),
)
FRENCH = tuple(
    (re.compile(pattern), french)
    for pattern, french in (
        *_SENTENCES,
        *((f"{en}{pattern}", f"{fr}{french}") for en, fr in _BEFORE for pattern, french in _DIFFERENCES),
    )
)
