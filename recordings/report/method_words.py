"""How places are made and how to recompute them, in English and French."""

from __future__ import annotations

METHOD: dict[str, tuple[str, str]] = {
    # 7 method
    "method": ("The method in plain words", "La méthode, en mots simples"),
    "method_1": (
        "Each node listens for sudden sounds and notes when each came, with how far it trusts that time. It "
        "sends this, signed with a key of its own, to the centre; the sound itself never leaves it.",
        "Chaque capteur guette les bruits soudains et note quand chacun est venu, et à quel point il se fie à "
        "cette heure. Il l'envoie, signé d'une clé qui lui est propre, au centre ; le son lui-même n'en sort "
        "jamais.",
    ),
    "method_1_clips": (
        "Each node listens for sudden sounds and notes when each came, with how far it trusts that time. It "
        "sends this, signed with a key of its own, to the centre; of the sound only clips of these shots left it, "
        "when the centre asked for them.",
        "Chaque capteur guette les bruits soudains et note quand chacun est venu, et à quel point il se fie à "
        "cette heure. Il l'envoie, signé d'une clé qui lui est propre, au centre ; du son, seuls des extraits de ces "
        "tirs en sont sortis, à la demande du centre.",
    ),
    "method_1_replay": (
        "Each recording was searched for sudden sounds by the program that runs in a node: when each came, with how "
        "far that time is to be trusted.",
        "Chaque enregistrement a été parcouru par le programme qui tourne dans un capteur, à la recherche de bruits "
        "soudains : quand chacun est venu, et à quel point on peut se fier à cette heure.",
    ),
    "method_2": (
        "Sound reaches near nodes before far ones. The differences of the times fix the place, as differences "
        "of the times of thunder would: with three nodes there is one place or two, each node more checks the "
        "others.",
        "Le son atteint les capteurs proches avant les lointains. Les différences d'heure fixent le lieu : avec"
        " trois capteurs, il reste un ou deux lieux possibles, et chaque capteur de plus contrôle les autres.",
    ),
    "method_3": (
        "The program searches for the place and the time that make what was heard, and not heard, most "
        "probable. It reckons with echoes (which come late, never early), with air and wind that are not "
        "exactly known, with paths around buildings, and with the chance that any one arrival is of another "
        "sound; such an arrival is refused, and says so.",
        "Le programme cherche le lieu et l'heure qui rendent le plus probable ce qui a été entendu, et ce qui "
        "ne l'a pas été. Il tient compte des échos (toujours en retard, jamais en avance), d'un air et d'un "
        "vent mal connus, des détours autour des bâtiments, et du risque qu'une arrivée soit celle d'un autre "
        "bruit ; une telle arrivée est écartée, et le rapport le dit.",
    ),
    "method_4": (
        "The ellipse follows from how much the place may move before the arrivals disagree more than they "
        "should, and widens where they disagree among themselves.",
        "L'ellipse découle de l'ampleur dont le lieu peut bouger avant que les arrivées ne se contredisent plus"
        " que de raison, et s'élargit quand elles se contredisent entre elles.",
    ),
    "method_5": (
        "What kind of sound it was is each node's opinion, from a trained classifier; the opinions are pooled.",
        "La nature du bruit est l'avis de chaque capteur, donné par un classifieur entraîné ; les avis sont réunis.",
    ),
    "air": (
        "Speed of sound used: {speed} ({temperature}). Program: {program}. Solver: {solver}.",
        "Vitesse du son employée : {speed} ({temperature}). Programme : {program}. Solveur : {solver}.",
    ),
    "temperature_at": ("air at {celsius}", "air à {celsius}"),
    "temperature_none": ("no temperature given", "température non donnée"),
    "speed_given": ("as stated for the site", "telle qu'indiquée pour le site"),
    "sources": ("Sources", "Sources"),
    "sources_note": (
        "In full, with every formula: docs/understand/localisation.md of the program.",
        "En entier, avec chaque formule : docs/understand/localisation.md, dans le programme.",
    ),
    "source_times": (
        "times, path delays and published accuracy: {ref}",
        "heures, détours et exactitude publiée : {ref}",
    ),
    "source_starts": ("place from time differences: {ref}", "lieu d'après les différences d'heure : {ref}"),
    "source_outliers": ("arrivals of other sounds: {ref}", "arrivées d'autres bruits : {ref}"),
    "source_ellipse": ("the ellipse: {ref}", "l'ellipse : {ref}"),
    "source_shock": ("shock waves: {ref}", "ondes de choc : {ref}"),
    "source_classes": ("opinions of several nodes: {ref}", "avis de plusieurs capteurs : {ref}"),
    "source_air": ("the air: {ref}", "l'air : {ref}"),
    # 8 recompute
    "recompute": ("How to recompute it", "Comment le recalculer"),
    "recompute_note": (
        "Whoever has the file needs no centre, no network and no account, only the program ({program}; its code"
        " is open). In a terminal:",
        "Qui possède le fichier n'a besoin ni de centre, ni de réseau, ni de compte, seulement du programme "
        "({program} ; son code est ouvert). Dans un terminal :",
    ),
    "command_digest": ("prints the digest on the first page", "affiche l'empreinte de la première page"),
    "command_verify": (
        "checks every signature, locates anew; KEY is the centre's, known from elsewhere",
        "vérifie chaque signature et localise de nouveau ; KEY est la clé du centre, connue par ailleurs",
    ),
    "command_verify_replay": (
        "checks every signature, locates anew; KEY is the replay's, drawn for it alone",
        "vérifie chaque signature et localise de nouveau ; KEY est la clé de la relecture, tirée pour elle seule",
    ),
    "command_open": ("the same, with the sealed part", "de même, avec la partie scellée"),
    "command_report": ("makes this report again", "refait ce rapport"),
    "command_report_replay": (
        "makes this report again, with the sound of the recordings",
        "refait ce rapport, avec le son des enregistrements",
    ),
    "digests": ("Keys and digests", "Clés et empreintes"),
    "centre_key": ("The centre's key (Ed25519)", "La clé du centre (Ed25519)"),
    "centre_key_replay": ("The replay's key (Ed25519)", "La clé de la relecture (Ed25519)"),
    "method_digest": ("The method (SHA-256)", "La méthode (SHA-256)"),
    "code_digest": ("The code that locates (SHA-256)", "Le code qui localise (SHA-256)"),
    "libraries": ("Libraries", "Bibliothèques"),
    "models": ("Classifiers in the nodes", "Classifieurs des capteurs"),
    "model_none": ("not named", "non nommé"),
    "chain_end": ("End of the centre's log (SHA-256)", "Fin du journal du centre (SHA-256)"),
    "chain_end_replay": ("End of the log (SHA-256)", "Fin du journal (SHA-256)"),
    "findings": ("What the check found", "Ce que le contrôle a constaté"),
    "good": ("In order:", "Conforme :"),
    "bad": ("WRONG:", "ANOMALIE :"),
}
