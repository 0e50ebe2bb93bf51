"""Every sentence of the report, in English, French and Spanish.

`{name}` is filled in; `language.Language` sets the spaces that French wants before its signs, so they stand here as
typed. What others say too is in `common_words` and `decision_words`; the Spanish is all in `spanish`.
"""

from __future__ import annotations

from recordings.report.common_words import COMMON
from recordings.report.decision_words import DECISIONS
from recordings.report.method_words import METHOD
from recordings.report.spanish import SPANISH

_TWO: dict[str, tuple[str, str]] = {
    **COMMON,
    **DECISIONS,
    **METHOD,
    # front
    "title": ("Report on event {number}", "Rapport sur l'événement {number}"),
    "subtitle": (
        "Located by sound. Made from one signed file of evidence alone.",
        "Localisé par le son. Établi à partir du seul fichier de preuve signé.",
    ),
    "page": ("Event {number} · page", "Événement {number} · page"),
    "whoever_replays": ("whoever replays it", "qui la relit"),
    "made_for": ("Evidence made for", "Preuve établie pour"),
    "made": ("Evidence made", "Preuve établie le"),
    "file_digest": ("The file (SHA-256)", "Le fichier (SHA-256)"),
    "not_whole": (
        "This file did not pass every check. Nothing below may be relied on before each of these is explained:",
        "Ce fichier n'a pas passé tous les contrôles. Rien de ce qui suit n'est fiable avant que chacun de ces "
        "points soit expliqué :",
    ),
    "exercise": (
        "EXERCISE: these sounds were made up or replayed for training. Nothing was fired.",
        "EXERCICE : ces sons ont été fabriqués ou rejoués pour l'entraînement. Rien n'a été tiré.",
    ),
    "confidential": (
        "This copy was made with the key of the sealed part: it shows where on the globe the nodes and the rounds are.",
        "Cet exemplaire a été établi avec la clé de la partie scellée : il montre où se trouvent, sur le globe,"
        " les capteurs et les coups.",
    ),
    # 1 what happened
    "happened": ("What happened", "Ce qui s'est passé"),
    "one_round": (
        "One impulsive sound was located. The program takes it for: {label}.",
        "Un bruit impulsif a été localisé. Le programme y voit : {label}.",
    ),
    "rounds": (
        "{count} impulsive sounds were located within {span}. The program takes them for: {label}.",
        "{count} bruits impulsifs ont été localisés en {span}. Le programme y voit : {label}.",
    ),
    "no_round": (
        "No sound stands: every one that was published was withdrawn, since later arrivals explained it "
        "otherwise or count it to another event. What was published is told under “What was published, and "
        "when”.",
        "Aucun bruit ne subsiste : tous ceux qui ont été publiés ont été retirés, des arrivées plus tardives "
        "les ayant expliqués autrement ou rattachés à un autre événement. Ce qui a été publié figure sous « Ce "
        "qui a été publié, et quand ».",
    ),
    "one_at": ("It left its place at {time} ({sigma}), {where}.", "Il est parti à {time} ({sigma}), {where}."),
    "first_at": (
        "The first left its place at {time} ({sigma}), {where}.",
        "Le premier est parti à {time} ({sigma}), {where}.",
    ),
    "heard_by": (
        "{used} of the {nodes} nodes named in the file heard it and were used.",
        "{used} des {nodes} capteurs nommés dans le fichier l'ont entendu et ont été utilisés.",
    ),
    "not_among": (
        "Of what was published, {count} more are not among these rounds: withdrawn, or explained otherwise once"
        " all reports were there; the table of versions tells them.",
        "Parmi ce qui a été publié, {count} de plus ne figurent pas parmi ces coups : retirés, ou expliqués "
        "autrement une fois tous les rapports arrivés ; voir le tableau des versions.",
    ),
    "place_words": ("{east} and {north} of node {node}", "à {east} et {north} du capteur {node}"),
    "machine": ("The machine's verdict", "Le verdict de la machine"),
    "human": ("A person's verdict", "Le verdict d'une personne"),
    "no_human": ("No person has judged it in this system.", "Personne ne l'a jugé dans ce système."),
    # 2 how sure
    "sure": ("How sure it is", "Avec quelle certitude"),
    "sure_place": (
        "A place is never a point: it is an ellipse that holds the true place with a probability of {level}, if"
        " what is said under “The method in plain words” holds. In words, {chance} such ellipses in a hundred "
        "do not hold it.",
        "Un lieu n'est jamais un point : c'est une ellipse qui contient le vrai lieu avec une probabilité de "
        "{level}, si ce qui est dit sous « La méthode, en mots simples » est vrai. Autrement dit, {chance} de "
        "ces ellipses sur cent ne le contiennent pas.",
    ),
    "sure_measured": (
        "Measured on public live-fire recordings with surveyed places (Pittsburgh 2018, 179 shots), the 90 % "
        "ellipse held the surveyed place in 93 to 97 % of the cases. The program's settings were chosen on the "
        "same recordings, so elsewhere it may do worse.",
        "Mesurée sur des tirs réels publics aux lieux relevés (Pittsburgh 2018, 179 coups), l'ellipse à 90 % "
        "contenait le lieu relevé dans 93 à 97 % des cas. Les réglages du programme ayant été choisis sur ces "
        "mêmes enregistrements, il peut faire moins bien ailleurs.",
    ),
    "sure_class": (
        "The probability of a class is the program's own, joined from its nodes' opinions. How often it is "
        "right in this place was not measured.",
        "La probabilité d'une classe est celle du programme, formée des avis de ses capteurs. Combien de fois "
        "elle est juste en ce lieu n'a pas été mesuré.",
    ),
    "sure_checked": (
        "The file was checked when this report was made: {good} of {all} findings are as they should be (they "
        "stand under “How to recompute it”).",
        "Le fichier a été contrôlé lors de l'établissement de ce rapport : {good} constats sur {all} sont "
        "conformes (ils figurent sous « Comment le recalculer »).",
    ),
    "round": ("Round", "Coup"),
    "round_verdict": ("round {round}: {label} {probability}", "coup {round} : {label} {probability}"),
    "verdict": ("Machine's verdict", "Verdict de la machine"),
    "why": ("Why", "Pourquoi"),
    # 3 not known
    "unknown": ("What is not known", "Ce qu'on ne sait pas"),
    "who": (
        "Who fired, why, at what, and whether anyone was hit.",
        "Qui a tiré, pourquoi, sur quoi, et si quelqu'un a été touché.",
    ),
    "weapon": ("What weapon and what ammunition.", "Quelle arme et quelle munition."),
    "played": (
        "Whether it was a shot or a recording of one that was played, a blank, or another sound like it.",
        "S'il s'agit d'un tir ou d'un enregistrement diffusé, d'une cartouche à blanc ou d'un autre bruit semblable.",
    ),
    "missed": (
        "Whether there were more rounds: one that too few nodes heard is not located.",
        "S'il y a eu d'autres coups : un coup entendu par trop peu de capteurs n'est pas localisé.",
    ),
    "also": (
        "Which of several places it was: for round {round}, another place explains the arrivals nearly as well:"
        " {distance} from the one given, towards the {quarter}.",
        "Lequel de plusieurs lieux est le bon : pour le coup {round}, un autre lieu explique presque aussi bien"
        " les arrivées, à {distance} du lieu donné, côté {quarter}.",
    ),
    "no_also": (
        "Whether echoes alone could place it elsewhere. The program searched for other places that explain the "
        "arrivals nearly as well and found none.",
        "Si de seuls échos pourraient le placer ailleurs. Le programme a cherché d'autres lieux qui expliquent "
        "presque aussi bien les arrivées et n'en a pas trouvé.",
    ),
    "unchecked": (
        "Whether the place of round {round} is right: only {nodes} nodes were used, and nothing checks them.",
        "Si le lieu du coup {round} est juste : {nodes} capteurs seulement ont été utilisés, et rien ne les vérifie.",
    ),
    "height": (
        "The height of the shot: it is assumed near the nodes' own height, within 15 m or so, not measured.",
        "La hauteur du tir : elle est supposée proche de celle des capteurs, à 15 m près environ, et non mesurée.",
    ),
    "surveyed": (
        "Whether each node stood where it was enrolled: the places were not surveyed again for this report.",
        "Si chaque capteur se trouvait là où il a été inscrit : les lieux n'ont pas été relevés de nouveau pour"
        " ce rapport.",
    ),
    "surveyed_replay": (
        "Whether each microphone stood where the recordings' description says, and whether each recording began when "
        "it says.",
        "Si chaque microphone se trouvait là où la description des enregistrements le dit, et si chaque enregistrement "
        "a commencé à l'heure qu'elle dit.",
    ),
    "clocks": (
        "Whether a clock was wrong without knowing. {told}",
        "Si une horloge était fausse sans le savoir. {told}",
    ),
    "clocks_told": (
        "The nodes said that theirs were right to {sigma} or better (1 σ).",
        "Les capteurs ont dit que les leurs étaient justes à {sigma} près ou mieux (1 σ).",
    ),
    "clocks_untold": (
        "{untold} of {nodes} nodes said nothing of their clock.",
        "{untold} capteurs sur {nodes} n'ont rien dit de leur horloge.",
    ),
    "wind": (
        "The wind between shot and nodes: nobody measured it; what it may have been is in the ellipse.",
        "Le vent entre le tir et les capteurs : personne ne l'a mesuré ; ce qu'il a pu être est compté dans l'ellipse.",
    ),
    "temperature": (
        "The air's temperature: nobody measured it; what it may have been is in the ellipse.",
        "La température de l'air : personne ne l'a mesurée ; ce qu'elle a pu être est compté dans l'ellipse.",
    ),
    "left_out": (
        "Whether the centre left reports out: it cannot change a report or make one in a node's name, but it "
        "could keep one back.",
        "Si le centre a omis des rapports : il ne peut ni en modifier un ni en établir au nom d'un capteur, "
        "mais il pourrait en retenir.",
    ),
    "left_out_replay": (
        "Whether there were other recordings, or these had been changed before: the file names those "
        "that were replayed.",
        "S'il y avait d'autres enregistrements, ou si ceux-ci avaient été modifiés auparavant : le fichier nomme ceux "
        "qui ont été relus.",
    ),
    "others": (
        "What the other sounds were: {count} more arrivals stand in the reports and belong to none of these rounds.",
        "Ce qu'étaient les autres bruits : {count} autres arrivées figurent dans les rapports sans appartenir à"
        " aucun de ces coups.",
    ),
    # 4 where and when
    "where": ("When and where", "Quand et où"),
    "where_note": (
        "Times are UTC and are when the sound left its place, with one standard deviation. Places are in metres"
        " from node {node}; length and width are those of the ellipse that holds the true place with {level}.",
        "Les heures sont en UTC et sont celles du départ du son, avec un écart-type. Les lieux sont en mètres à"
        " partir du capteur {node} ; longueur et largeur sont celles de l'ellipse qui contient le vrai lieu "
        "avec {level}.",
    ),
    "on_globe": (
        "Node {node} stands at {lat}, {lon} (WGS-84), as it was enrolled.",
        "Le capteur {node} se trouve à {lat}, {lon} (WGS-84), tel qu'inscrit.",
    ),
    "no_globe": (
        "The sealed part holds no place on the globe: the centre was never told where its own plane lies.",
        "La partie scellée ne contient aucun lieu sur le globe : le centre n'a jamais su où se trouve son propre plan.",
    ),
    "sealed": (
        "Where node {node} stands on the globe is in the sealed part of the file, which opens with the key "
        "given to {made_for}.",
        "Le lieu du capteur {node} sur le globe est dans la partie scellée du fichier, qui s'ouvre avec la clé "
        "remise à {made_for}.",
    ),
    "time": ("Time (UTC)", "Heure (UTC)"),
    "place": ("Place", "Lieu"),
    "ellipse": ("Ellipse", "Ellipse"),
    "ellipse_size": ("{long} × {wide}, long axis to {azimuth}", "{long} × {wide}, grand axe vers {azimuth}"),
    "globe_place": ("Latitude, longitude", "Latitude, longitude"),
    "nodes": ("Nodes used", "Capteurs utilisés"),
    "plan": ("Plan", "Plan"),
    "plan_alt": (
        "Plan of the nodes with the {level} ellipse of each round, north up; to the right the ellipses close by.",
        "Plan des capteurs avec l'ellipse à {level} de chaque coup, nord en haut ; à droite, les ellipses de près.",
    ),
    "plan_caption": (
        "North is up. The right-hand plan shows the framed part of the left-hand one. Each number is a round of"
        " the table.",
        "Le nord est en haut. Le plan de droite montre la partie encadrée du plan de gauche. Chaque numéro est "
        "un coup du tableau.",
    ),
    "mark_used": ("heard it, used", "entendu, utilisé"),
    "mark_refused": ("heard it, refused", "entendu, écarté"),
    "mark_silent": ("listened, not heard", "à l'écoute, rien entendu"),
    "mark_absent": ("not known to listen", "écoute non attestée"),
    "mark_ellipse": ("round, {level} ellipse", "coup, ellipse à {level}"),
    "mark_also": ("second place", "second lieu"),
    "compass": ("N", "N"),
    # 5 arrivals
    "arrivals": ("What each node heard", "Ce que chaque capteur a entendu"),
    "arrivals_note": (
        "Sound needs about three seconds for a kilometre. For each node the time that the sound needed from the"
        " place found is taken from the time at which it came; what is left, the residual, is zero where all "
        "fits. Sound that goes around a building comes some milliseconds late: the grey band shows ± {path}, "
        "which the method expects.",
        "Le son met environ trois secondes par kilomètre. Pour chaque capteur, on ôte de l'heure d'arrivée le "
        "temps mis par le son depuis le lieu trouvé ; le reste, le résidu, est nul si tout concorde. Un son qui"
        " contourne un bâtiment arrive quelques millisecondes plus tard : la bande grise montre ± {path}, ce "
        "que la méthode attend.",
    ),
    "no_sound": (
        "There is no sound in this file, since the centre is sent none, so that no waveform and no spectrogram "
        "can be shown.",
        "Ce fichier ne contient aucun son, le centre n'en recevant pas ; ni forme d'onde ni spectrogramme ne "
        "peuvent donc être montrés.",
    ),
    "no_sound_replay": (
        "There is no sound in this file; it names the recordings by their SHA-256. Who has them draws waveforms and "
        "spectrograms here with --recordings.",
        "Ce fichier ne contient aucun son ; il nomme les enregistrements par leur SHA-256. Qui les détient fait "
        "figurer ici formes d'onde et spectrogrammes avec --recordings.",
    ),
    "no_sound_clips": (
        "The sound drawn below is what nodes sent of these shots when the centre asked for it, each signed by its "
        "node. All but the impulses was made unintelligible on the node, so that what lies between them says nothing.",
        "Le son figuré ci-dessous est ce que des capteurs ont envoyé de ces tirs à la demande du centre, chacun signé "
        "par son capteur. Tout sauf les impulsions a été rendu inintelligible sur le capteur ; ce qui est entre elles "
        "ne dit donc rien.",
    ),
    "sound_shown": (
        "There is no sound in this file; it names the recordings by their SHA-256. The sound drawn below was taken "
        "from recordings that were at hand when this report was made and have these very digests; when each of them "
        "begins is as stated beside them.",
        "Ce fichier ne contient aucun son ; il nomme les enregistrements par leur SHA-256. Le son figuré ci-dessous "
        "vient d'enregistrements présents lors de l'établissement de ce rapport, qui ont ces empreintes mêmes ; "
        "l'heure de leur début est celle indiquée à côté d'eux.",
    ),
    "sound_alt": (
        "Waveform and spectrogram of what each node recorded of round {round}, one below the other.",
        "Forme d'onde et spectrogramme de ce que chaque capteur a enregistré du coup {round}, l'un sous l'autre.",
    ),
    "sound_caption": (
        "The {count} nodes nearest to it. Above: the waveform, each as high as its own largest value; below: the "
        "spectrogram, 0 to 6 kHz upwards, black the loudest, white 50 dB less. At 0 ms the direct sound is expected "
        "from the place found. Between them, dot: an arrival that was used; cross: one that was refused; ring: of "
        "another sound, or an echo.",
        "Les {count} capteurs les plus proches. En haut : la forme d'onde, chacune à la hauteur de sa plus grande "
        "valeur ; en bas : le spectrogramme, de 0 à 6 kHz vers le haut, noir au plus fort, blanc 50 dB au-dessous. À 0 "
        "ms, le son direct est attendu depuis le lieu trouvé. Entre les deux, point : une arrivée utilisée ; croix : "
        "une arrivée écartée ; cercle : un autre bruit, ou un écho.",
    ),
    "round_title": ("Round {round}, {time}", "Coup {round}, {time}"),
    "chart_alt": (
        "Residual of each node for round {round}, in milliseconds; the table below tells the same.",
        "Résidu de chaque capteur pour le coup {round}, en millisecondes ; le tableau ci-dessous dit la même chose.",
    ),
    "chart_caption": (
        "Dot: residual of an arrival that was used; cross: of one that was refused; bar: ± σ of its time.",
        "Point : résidu d'une arrivée utilisée ; croix : d'une arrivée écartée ; barre : ± σ de son heure.",
    ),
    "early": ("early", "en avance"),
    "late": ("late", "en retard"),
    "node": ("Node", "Capteur"),
    "distance": ("Distance", "Distance"),
    "arrived": ("Arrived (UTC)", "Arrivée (UTC)"),
    "sigma": ("σ", "σ"),
    "residual": ("Residual", "Résidu"),
    "bearing": ("Bearing", "Azimut"),
    "fate": ("Used or refused", "Utilisée ou écartée"),
    "used": ("used", "utilisée"),
    "used_again": ("used; found when asked again", "utilisée ; trouvée après nouvelle demande"),
    "used_borrowed": (
        "used: taken from another round",
        "utilisée : reprise d'un autre coup",
    ),
    "refused_off": (
        "refused: {off}, more than the method can explain",
        "écartée : {off}, plus que la méthode ne peut expliquer",
    ),
    "refused": ("refused: {why}", "écartée : {why}"),
    "silent": (
        "Listened and reported nothing that belongs to it: {nodes}.",
        "À l'écoute, sans rien signaler qui s'y rattache : {nodes}.",
    ),
    "absent": ("Not known to have listened: {nodes}.", "Écoute non attestée : {nodes}."),
    # 6 history
    "history": ("What was published, and when", "Ce qui a été publié, et quand"),
    "history_note": (
        "A place is published as soon as the arrivals allow one and gets better as more come; nothing is "
        "overwritten. All versions were made by the centre's program, without a person. Version digests are "
        "named in the centre's chain below.",
        "Un lieu est publié dès que les arrivées le permettent et s'améliore à mesure qu'il en vient d'autres ;"
        " rien n'est effacé. Toutes les versions sont l'œuvre du programme du centre, sans intervention "
        "humaine. La chaîne du centre, plus bas, nomme l'empreinte de chaque version.",
    ),
    "history_note_replay": (
        "These are the places that a replay of recordings found, in one go and without a person. There was no centre, "
        "and nothing was published before.",
        "Ce sont les lieux qu'une relecture d'enregistrements a trouvés, en une fois et sans intervention humaine. Il "
        "n'y avait pas de centre, et rien n'a été publié auparavant.",
    ),
    "version": ("Version", "Version"),
    "published": ("Published (UTC)", "Publié (UTC)"),
    "digest": ("Digest", "Empreinte"),
    "chain": ("The centre's log", "Le journal du centre"),
    "chain_note": (
        "Each line carries a digest of all lines before it: none can be changed, slipped in or taken out later "
        "without notice. Of lines about other things the file holds only the digests.",
        "Chaque ligne porte une empreinte de toutes celles qui la précèdent : aucune ne peut être modifiée, "
        "insérée ou ôtée après coup sans que cela se voie. Des lignes portant sur autre chose, le fichier ne "
        "contient que les empreintes.",
    ),
    "chain_replay": ("The log", "Le journal"),
    "chain_note_replay": (
        "The replay's own log, signed with its key.",
        "Le journal de la relecture, signé de sa clé.",
    ),
    "when": ("When (UTC)", "Quand (UTC)"),
    "by": ("By", "Par"),
    "by_centre": ("the centre's program", "le programme du centre"),
    "by_replay": ("the replay", "la relecture"),
    "by_unknown": ("the log names nobody", "le journal ne nomme personne"),
    "by_command": (
        "command line of the centre; the log names nobody",
        "ligne de commande du centre ; le journal ne nomme personne",
    ),
    "untold": ("about other things", "sur autre chose"),
    "line.event": ("published: {shots} (method {method})", "publié : {shots} (méthode {method})"),
    "line_other": ("{kind}: {data}", "{kind} : {data}"),
    "shot_version": ("round {round}, version {version}", "coup {round}, version {version}"),
    "other_version": ("sound {key}, version {version}", "bruit {key}, version {version}"),
}
WORDS = {key: (english, french, SPANISH[key]) for key, (english, french) in _TWO.items()}
