"""What `recordings.evidence.verify` finds, a pattern of each sentence, and the same in French and Spanish."""

from __future__ import annotations

import re

_SENTENCES = (
    (
        r"every member is as it was signed, with the key (\S+) \(drawn for one replay: .+\)",
        "chaque élément est tel qu'il a été signé, avec la clé {0} (tirée pour une relecture : elle n'est celle "
        "d'aucun centre, il n'y a donc rien à quoi la comparer)",
        "cada elemento es como se firmó, con la clave {0} (generada para una repetición: no es la de ningún centro, "
        "así que no hay con qué compararla)",
    ),
    (
        r"every member is as it was signed, with the key (\S+) \((.+)\)",
        "chaque élément est tel qu'il a été signé, avec la clé {0} (à comparer à celle du centre : tocsin centre key)",
        "cada elemento es como se firmó, con la clave {0} (que debe compararse con la del centro: tocsin centre key)",
    ),
    (
        r"made by a replay of (.+): the signatures of the file .+ has the (\d+) recordings can compare .+",
        "fait par une relecture de {0} : les signatures du fichier et de ses capteurs sont de clés que la relecture a "
        "tirées ; elles montrent que rien n'a été modifié depuis, non qui a enregistré, où ni quand ; qui a les {1} "
        "enregistrements peut les comparer à leurs SHA-256 dans subject.json",
        "hecho por una repetición de {0}: las firmas del fichero y de sus sensores son de claves que la repetición "
        "generó; muestran que nada se cambió desde entonces, no quién grabó, dónde ni cuándo; quien tenga las {1} "
        "grabaciones puede compararlas con sus SHA-256 en subject.json",
    ),
    (
        r"(\d+) reports are signed by the (\d+) nodes they came from",
        "{0} rapports sont signés par les {1} capteurs dont ils viennent",
        "{0} informes están firmados por los {1} sensores de los que vienen",
    ),
    (
        r"(\d+) clips are signed by their nodes and named in the centre's chain",
        "{0} extraits sonores sont signés par leurs capteurs et nommés dans la chaîne du centre",
        "{0} fragmentos de sonido están firmados por sus sensores y nombrados en la cadena del centro",
    ),
    (
        r"line (\d+) of the centre's chain was changed",
        "la ligne {0} de la chaîne du centre a été modifiée",
        "la línea {0} de la cadena del centro se cambió",
    ),
    (
        "the centre's chain is broken: its lines do not lead to its end",
        "la chaîne du centre est rompue : ses lignes ne mènent pas à sa fin",
        "la cadena del centro está rota: sus líneas no llevan a su final",
    ),
    (
        r"version (\d+) of shot (\S+) is not in the chain",
        "la version {0} du tir {1} n'est pas dans la chaîne",
        "la versión {0} del disparo {1} no está en la cadena",
    ),
    (
        "some versions were made by another method: (.+)",
        "certaines versions sont l'œuvre d'une autre méthode : {0}",
        "algunas versiones se hicieron con otro método: {0}",
    ),
    (
        r"names and words were erased from (\d+) lines of the chain; what is left is as the centre says",
        "noms et textes ont été effacés de {0} lignes de la chaîne ; ce qui reste est comme le centre le dit",
        "se borraron nombres y textos de {0} líneas de la cadena; lo que queda es como el centro dice",
    ),
    (
        r"the chain holds, lines (\d+) to (\d+), with every version",
        "la chaîne tient, lignes {0} à {1}, avec chaque version",
        "la cadena se sostiene, líneas {0} a {1}, con cada versión",
    ),
    (
        r"shot (\S+) rests on arrival (\S+), which no report holds",
        "le tir {0} repose sur l'arrivée {1}, qu'aucun rapport ne contient",
        "el disparo {0} se apoya en la llegada {1}, que ningún informe contiene",
    ),
    (
        "what the shots rest on is what the nodes reported",
        "ce sur quoi reposent les tirs est ce que les capteurs ont signalé",
        "aquello en lo que se apoyan los disparos es lo que informaron los sensores",
    ),
    (
        r"computed anew, (\d+) shots are where they were when this bundle was made",
        "recalculés, {0} tirs sont là où ils étaient lors de l'établissement du fichier",
        "calculados de nuevo, {0} disparos están donde estaban cuando se hizo este archivo",
    ),
    (
        "what was published last is what all the reports together say",
        "ce qui a été publié en dernier est ce que disent tous les rapports ensemble",
        "lo último que se publicó es lo que dicen todos los informes juntos",
    ),
    (
        r"event\.json says in short what the rest says",
        "event.json dit en bref ce que dit le reste",
        "event.json dice en breve lo que dice el resto",
    ),
    (
        r"event\.json says something else than the rest",
        "event.json dit autre chose que le reste",
        "event.json dice otra cosa que el resto",
    ),
    (
        r"the code that locates is the very one of (.+) \((\w+)\)",
        "le code qui localise est exactement celui de {0} ({1})",
        "el código que localiza es exactamente el de {0} ({1})",
    ),
    (
        "the code that locates is not that of (.+): expect small differences",
        "le code qui localise n'est pas celui de {0} : de petites différences sont à attendre",
        "el código que localiza no es el de {0}: cabe esperar pequeñas diferencias",
    ),
    (
        "the shots as the centre kept them, which the chain names, are those published here",
        "les tirs tels que le centre les a gardés, que la chaîne nomme, sont ceux publiés ici",
        "los disparos tal como los guardó el centro, que la cadena nombra, son los publicados aquí",
    ),
    (
        "it is not so that the shots as the centre kept them, which the chain names, are those published here",
        "les tirs tels que le centre les a gardés, que la chaîne nomme, ne sont pas ceux publiés ici",
        "los disparos tal como los guardó el centro, que la cadena nombra, no son los publicados aquí",
    ),
    (
        r"the sealed map shows the shots where they are here",
        "la carte scellée montre les tirs là où ils sont ici",
        "el mapa sellado muestra los disparos donde están aquí",
    ),
    (
        r"it is not so that the sealed map shows the shots where they are here",
        "la carte scellée ne montre pas les tirs là où ils sont ici",
        "el mapa sellado no muestra los disparos donde están aquí",
    ),
)
_DIFFERENCES = (
    (
        r"shot (\S+) is gone",
        "le tir {0} a disparu",
        "el disparo {0} ha desaparecido",
    ),
    (
        r"shot (\S+) is new",
        "le tir {0} est nouveau",
        "el disparo {0} es nuevo",
    ),
    (
        r"shot (\S+) is ([\d.]+) m elsewhere",
        "le tir {0} est à {1} m de là",
        "el disparo {0} está a {1} m de allí",
    ),
    (
        r"shot (\S+) was fired ([+-][\d.]+) ms later",
        "le tir {0} est parti {1} ms plus tard",
        "el disparo {0} salió {1} ms más tarde",
    ),
    (
        r"the ellipse of shot (\S+) is ([\d.]+) m long, not ([\d.]+) m",
        "l'ellipse du tir {0} a {1} m de demi-grand axe, et non {2} m",
        "la elipse del disparo {0} tiene {1} m de semieje mayor, y no {2} m",
    ),
    (
        r"shot (\S+) rests on other arrivals",
        "le tir {0} repose sur d'autres arrivées",
        "el disparo {0} se apoya en otras llegadas",
    ),
    (
        r"shot (\S+) is (\w+) with ([\d.]+), not (\w+) with ([\d.]+)",
        "le tir {0} est « {1} » avec {2}, et non « {3} » avec {4}",
        "el disparo {0} es «{1}» con {2}, y no «{3}» con {4}",
    ),
)
_BEFORE = (
    (
        "computed anew, ",
        "recalculé : ",
        "calculado de nuevo: ",
    ),
    (
        "computed anew, as another program may, ",
        "recalculé, comme un autre programme le peut : ",
        "calculado de nuevo, como puede hacerlo otro programa: ",
    ),
    (
        "as published, before all was known: ",
        "tel que publié, avant que tout soit connu : ",
        "tal como se publicó, antes de que se supiera todo: ",
    ),
)
_ALL = (
    *_SENTENCES,
    *((f"{e}{pattern}", f"{f}{fr}", f"{s}{es}") for e, f, s in _BEFORE for pattern, fr, es in _DIFFERENCES),
)
FINDINGS = {
    code: tuple((re.compile(row[0]), row[column]) for row in _ALL) for column, code in enumerate(("fr", "es"), start=1)
}
