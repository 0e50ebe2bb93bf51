"""Every sentence of the report in Spanish, by the key that it has in `words`."""

from __future__ import annotations

SPANISH: dict[str, str] = {
    # common
    "of": "de",
    "event": "Evento",
    "east": "{m} al este",
    "west": "{m} al oeste",
    "north": "{m} al norte",
    "south": "{m} al sur",
    "line": "Línea",
    "what": "Qué",
    "line.evidence": "prueba elaborada para {made_for}",
    "line.reminder": "aún sin resultado: recordatorio",
    "label.gunshot": "disparo",
    "label.firework": "fuego artificial",
    "label.other": "otro sonido",
    "label.shock_wave": "onda de choque",
    "label.unknown": "desconocido",
    "label.withdrawn": "retirado",
    "reason.nodes_agree": "{agree} de {of} sensores dicen: {label}",
    "reason.nodes_heard": "Oído por {nodes} sensores",
    "reason.no_redundancy": "Solo {nodes} sensores lo oyeron: nada comprueba el lugar",
    "reason.ambiguous": "Otro lugar explica casi igual de bien las llegadas",
    "reason.aloft": "Estalló muy por encima de los tejados",
    "reason.at_ground": "A ras de suelo",
    "reason.even_rounds": "{rounds} disparos a intervalos regulares de {interval_s} s, como un arma automática",
    "reason.uneven_rounds": "{rounds} estallidos a intervalos irregulares de unos {interval_s} s, como una traca",
    "reason.many_places": "De {places} lugares en pocos segundos",
    "reason.shock_wave_led": "La onda de choque de una bala lo precedió en {nodes} de los sensores",
    "reason.faint": "Débil para un disparo a esta distancia",
    "reason.others_deaf": "{nodes} sensores más cercanos que otros que lo oyeron no oyeron nada",
    "reason.stray_levels": "Sus niveles no bajan con la distancia como los de un solo sonido",
    "reason.explained_otherwise": "Llegadas posteriores explicaron los sonidos de otro modo",
    "reason.moving": "Quien disparaba se movió hacia el {quarter} a unos {speed_ms} m/s",
    "reason.two_shooters": "Otro disparo salió {seconds} s antes a {metres} m de allí: dos tiradores",
    "reason.moved": "Un lugar mejor cuenta este disparo en otro evento",
    "quarters": "norte|noreste|este|sureste|sur|suroeste|oeste|noroeste",
    # decisions
    "decision.acknowledge": "tomó el evento a su cargo",
    "decision.acknowledge_over": "tomó el evento de {name}",
    "decision.call_back": "preguntó: {text}",
    "decision.dispatch": "envió: {text}",
    "decision.judge": "juicio de una persona: {label}",
    "decision.count": "disparos: {count}",
    "decision.place": "sobre el lugar: {text}",
    "decision.blind": "dado sin ver el juicio de la máquina",
    "decision.close": "cerrado: {outcome}",
    "decision.found_at": "hallado {where}",
    "decision.found": "consta un lugar de hallazgo (se abre con la parte sellada)",
    "decision.note": "nota: {text}",
    "decision.undo": "anuló la línea {line}",
    "decision.corroborate": "corroborado por: {source}, {time}, referencia {reference}",
    "decision.and": "{first}; {then}",
    "decision.undone": "anulado después",
    "clip.asked": "pidió su sonido a {count} sensores: {because}",
    "clip.came": "llegó el sonido de {node}",
    "clip.answered": "no llegó sonido de {node}: {why}",
    "clip.heard": "escuchó el sonido de {node}: {because}",
    "clip.labelled": "dijo del impulso {number} del sonido de {node}: {label}",
    "clip.taken_back": "retiró lo que había dicho del impulso {number} del sonido de {node}",
    "outcome": "Resultado",
    "outcome_by": "{outcome}, por {name}, {time} UTC",
    "verdict_by": "{name}, {time} UTC: {verdict}",
    "no_outcome": "No se anotó ninguno antes de hacerse este archivo.",
    "outcome.confirmed": "confirmado",
    "outcome.false": "falso",
    "outcome.unconfirmed": "sin confirmar",
    "outcome.unknown": "desconocido",
    "ground.casings": "vainas",
    "ground.victim": "víctima",
    "ground.video": "vídeo",
    "ground.call": "llamada",
    "source.call": "llamada",
    "source.patrol": "patrulla",
    "source.alarm": "alarma",
    "source.video": "sistema de vídeo",
    # front
    "title": "Informe sobre el evento {number}",
    "subtitle": "Localizado por el sonido. Elaborado solo a partir de un archivo de prueba firmado.",
    "page": "Evento {number} · página",
    "whoever_replays": "quien la repita",
    "made_for": "Prueba elaborada para",
    "made": "Prueba elaborada el",
    "file_digest": "El archivo (SHA-256)",
    "not_whole": (
        "Este archivo no superó todas las comprobaciones. Nada de lo que sigue es fiable antes de que se "
        "explique cada uno de estos puntos:"
    ),
    "exercise": "SIMULACRO: estos sonidos se inventaron o se repitieron para entrenamiento. No se disparó nada.",
    "confidential": (
        "Este ejemplar se elaboró con la clave de la parte sellada: muestra en qué lugar del globo están los "
        "sensores y los disparos."
    ),
    # 1 what happened
    "happened": "Qué ocurrió",
    "one_round": "Se localizó un sonido impulsivo. El programa lo toma por: {label}.",
    "rounds": "Se localizaron {count} sonidos impulsivos en {span}. El programa los toma por: {label}.",
    "no_round": (
        "Ningún sonido se sostiene: todos los que se publicaron se retiraron, pues llegadas posteriores los "
        "explicaron de otro modo o los cuentan en otro evento. Lo publicado figura en «Qué se publicó, y "
        "cuándo»."
    ),
    "one_at": "Salió de su lugar el {time} ({sigma}), {where}.",
    "first_at": "El primero salió de su lugar el {time} ({sigma}), {where}.",
    "heard_by": "{used} de los {nodes} sensores nombrados en el archivo lo oyeron y se usaron.",
    "not_among": (
        "De lo publicado, {count} más no están entre estos disparos: retirados, o explicados de otro modo una "
        "vez llegados todos los informes; la tabla de versiones los cuenta."
    ),
    "place_words": "{east} y {north} del sensor {node}",
    "machine": "El juicio de la máquina",
    "human": "El juicio de una persona",
    "no_human": "Ninguna persona lo ha juzgado en este sistema.",
    # 2 how sure
    "sure": "Con qué certeza",
    "sure_place": (
        "Un lugar nunca es un punto: es una elipse que contiene el lugar verdadero con una probabilidad del "
        "{level}, si es cierto lo que se dice en «El método, en palabras sencillas». Dicho de otro modo, "
        "{chance} de cada cien de estas elipses no lo contienen."
    ),
    "sure_measured": (
        "Medida con grabaciones públicas de fuego real y lugares topografiados (Pittsburgh 2018, 179 disparos),"
        " la elipse del 90 % contenía el lugar topografiado en el 93 a 97 % de los casos. Los ajustes del "
        "programa se eligieron con esas mismas grabaciones, de modo que en otra parte puede acertar menos."
    ),
    "sure_class": (
        "La probabilidad de una clase es la del propio programa, reunida de las opiniones de sus sensores. No "
        "se ha medido con qué frecuencia acierta en este lugar."
    ),
    "sure_checked": (
        "El archivo se comprobó al hacer este informe: {good} de {all} constataciones son como deben ser "
        "(figuran en «Cómo volver a calcularlo»)."
    ),
    "round": "Disparo",
    "round_verdict": "disparo {round}: {label} {probability}",
    "verdict": "Juicio de la máquina",
    "why": "Por qué",
    # 3 not known
    "unknown": "Qué no se sabe",
    "who": "Quién disparó, por qué, contra qué, y si alguien fue alcanzado.",
    "weapon": "Qué arma y qué munición.",
    "played": "Si fue un disparo, la grabación de uno, un cartucho de fogueo u otro sonido parecido.",
    "missed": "Si hubo más disparos: el que oyen demasiado pocos sensores no se localiza.",
    "also": (
        "Cuál de varios lugares fue: para el disparo {round}, otro lugar explica casi igual de bien las "
        "llegadas, a {distance} del indicado, hacia el {quarter}."
    ),
    "no_also": (
        "Si los ecos por sí solos podrían situarlo en otra parte. El programa buscó otros lugares que "
        "explicasen casi igual de bien las llegadas y no halló ninguno."
    ),
    "unchecked": "Si el lugar del disparo {round} es correcto: solo se usaron {nodes} sensores, y nada los comprueba.",
    "height": (
        "La altura del disparo: se supone cercana a la de los sensores, con unos 15 m de margen, y no se ha medido."
    ),
    "surveyed": "Si cada sensor estaba donde fue dado de alta: los lugares no se midieron de nuevo para este informe.",
    "surveyed_replay": (
        "Si cada micrófono estaba donde dice la descripción de las grabaciones, y si cada grabación empezó cuando dice."
    ),
    "clocks": "Si algún reloj iba mal sin saberlo. {told}",
    "clocks_told": "Los sensores dijeron que los suyos eran exactos en {sigma} o menos (1 σ).",
    "clocks_untold": "{untold} de {nodes} sensores no dijeron nada de su reloj.",
    "wind": (
        "El viento entre el disparo y los sensores: nadie lo midió; lo que pudo haber sido está contado en la elipse."
    ),
    "temperature": "La temperatura del aire: nadie la midió; lo que pudo haber sido está contado en la elipse.",
    "left_out": (
        "Si el centro omitió informes: no puede cambiar un informe ni hacer uno en nombre de un sensor, pero "
        "podría callar alguno."
    ),
    "left_out_replay": (
        "Si había otras grabaciones, o si estas se habían cambiado antes: el archivo nombra las que se repitieron."
    ),
    "others": (
        "Qué fueron los demás sonidos: otras {count} llegadas figuran en los informes y no pertenecen a ninguno"
        " de estos disparos."
    ),
    # 4 where and when
    "where": "Cuándo y dónde",
    "where_note": (
        "Las horas son UTC y son las de salida del sonido, con una desviación típica. Los lugares se dan en "
        "metros desde el sensor {node}; largo y ancho son los de la elipse que contiene el lugar verdadero con el "
        "{level}."
    ),
    "on_globe": "El sensor {node} está en {lat}, {lon} (WGS-84), según su alta.",
    "no_globe": (
        "La parte sellada no contiene ningún lugar del globo: al centro nunca se le dijo dónde está su propio plano."
    ),
    "sealed": (
        "En qué lugar del globo está el sensor {node} consta en la parte sellada del archivo, que se abre con "
        "la clave entregada a {made_for}."
    ),
    "time": "Hora (UTC)",
    "place": "Lugar",
    "ellipse": "Elipse",
    "ellipse_size": "{long} × {wide}, eje mayor hacia {azimuth}",
    "globe_place": "Latitud, longitud",
    "nodes": "Sensores usados",
    "plan": "Plano",
    "plan_alt": (
        "Plano de los sensores con la elipse del {level} de cada disparo, norte arriba; a la derecha, las "
        "elipses de cerca."
    ),
    "plan_caption": (
        "El norte está arriba. El plano de la derecha muestra la parte enmarcada del de la izquierda. Cada "
        "número es un disparo de la tabla."
    ),
    "mark_used": "lo oyó, usado",
    "mark_refused": "lo oyó, descartado",
    "mark_silent": "escuchaba, no lo oyó",
    "mark_absent": "no consta que escuchara",
    "mark_ellipse": "disparo, elipse del {level}",
    "mark_also": "segundo lugar",
    "compass": "N",
    # 5 arrivals
    "arrivals": "Qué oyó cada sensor",
    "arrivals_note": (
        "El sonido tarda unos tres segundos por kilómetro. Para cada sensor, a la hora en que llegó se le resta"
        " el tiempo que el sonido tardó desde el lugar hallado; lo que queda, el residuo, es cero donde todo "
        "encaja. El sonido que rodea un edificio llega unos milisegundos tarde: la banda gris muestra ± {path},"
        " lo que el método espera."
    ),
    "no_sound": (
        "Este archivo no contiene sonido, pues al centro no se le envía ninguno, de modo que no pueden "
        "mostrarse forma de onda ni espectrograma."
    ),
    "no_sound_replay": (
        "Este archivo no contiene sonido; nombra las grabaciones por su SHA-256. Quien las tenga dibuja aquí "
        "formas de onda y espectrogramas con --recordings."
    ),
    "no_sound_clips": (
        "El sonido dibujado abajo es lo que los sensores enviaron de estos disparos cuando el centro lo pidió, "
        "firmado cada uno por su sensor. Todo salvo los impulsos se hizo ininteligible en el sensor, de modo "
        "que lo que hay entre ellos no dice nada."
    ),
    "sound_shown": (
        "Este archivo no contiene sonido; nombra las grabaciones por su SHA-256. El sonido dibujado abajo se "
        "tomó de grabaciones que estaban a mano al hacer este informe y que tienen esas mismas huellas; cuándo "
        "empieza cada una es lo que se indica junto a ella."
    ),
    "sound_alt": ("Forma de onda y espectrograma de lo que cada sensor grabó del disparo {round}, uno debajo de otro."),
    "sound_caption": (
        "Los {count} sensores más cercanos. Arriba: la forma de onda, cada una a la altura de su valor máximo; "
        "abajo: el espectrograma, de 0 a 6 kHz hacia arriba, negro lo más fuerte, blanco 50 dB menos. A 0 ms se"
        " espera el sonido directo desde el lugar hallado. Entre ambas, punto: una llegada usada; cruz: una "
        "descartada; anillo: de otro sonido, o un eco."
    ),
    "round_title": "Disparo {round}, {time}",
    "chart_alt": "Residuo de cada sensor para el disparo {round}, en milisegundos; la tabla de abajo dice lo mismo.",
    "chart_caption": "Punto: residuo de una llegada usada; cruz: de una descartada; barra: ± σ de su hora.",
    "early": "antes",
    "late": "tarde",
    "node": "Sensor",
    "distance": "Distancia",
    "arrived": "Llegada (UTC)",
    "sigma": "σ",
    "residual": "Residuo",
    "bearing": "Acimut",
    "fate": "Usada o descartada",
    "used": "usada",
    "used_again": "usada; hallada al preguntar de nuevo",
    "used_borrowed": "usada: tomada de otro disparo",
    "refused_off": "descartada: {off}, más de lo que el método puede explicar",
    "refused": "descartada: {why}",
    "silent": "Escuchaban y no informaron de nada que le pertenezca: {nodes}.",
    "absent": "No consta que escucharan: {nodes}.",
    # 6 history
    "history": "Qué se publicó, y cuándo",
    "history_note": (
        "Un lugar se publica en cuanto las llegadas lo permiten y mejora a medida que vienen más; nada se "
        "sobrescribe. Todas las versiones las hizo el programa del centro, sin persona alguna. La cadena del "
        "centro, más abajo, nombra la huella de cada versión."
    ),
    "history_note_replay": (
        "Estos son los lugares que halló una repetición de grabaciones, de una vez y sin persona alguna. No "
        "había centro, y nada se publicó antes."
    ),
    "version": "Versión",
    "published": "Publicado (UTC)",
    "digest": "Huella",
    "chain": "El registro del centro",
    "chain_note": (
        "Cada línea lleva una huella de todas las anteriores: ninguna puede cambiarse, intercalarse o quitarse "
        "después sin que se note. De las líneas sobre otras cosas el archivo solo tiene las huellas."
    ),
    "chain_replay": "El registro",
    "chain_note_replay": "El registro propio de la repetición, firmado con su clave.",
    "when": "Cuándo (UTC)",
    "by": "Por",
    "by_centre": "el programa del centro",
    "by_replay": "la repetición",
    "by_unknown": "el registro no nombra a nadie",
    "by_command": "línea de órdenes del centro; el registro no nombra a nadie",
    "untold": "sobre otras cosas",
    "line.event": "publicado: {shots} (método {method})",
    "line_other": "{kind}: {data}",
    "shot_version": "disparo {round}, versión {version}",
    "other_version": "sonido {key}, versión {version}",
    # 7 method
    "method": "El método, en palabras sencillas",
    "method_1": (
        "Cada sensor atiende a los sonidos repentinos y anota cuándo llegó cada uno, y cuánto se fía de esa "
        "hora. Lo envía al centro, firmado con una clave propia; el sonido mismo nunca sale de él."
    ),
    "method_1_clips": (
        "Cada sensor atiende a los sonidos repentinos y anota cuándo llegó cada uno, y cuánto se fía de esa "
        "hora. Lo envía al centro, firmado con una clave propia; del sonido solo salieron fragmentos de estos "
        "disparos, cuando el centro los pidió."
    ),
    "method_1_replay": (
        "En cada grabación buscó sonidos repentinos el programa que funciona en un sensor: cuándo llegó cada "
        "uno, y cuánto hay que fiarse de esa hora."
    ),
    "method_2": (
        "El sonido llega a los sensores cercanos antes que a los lejanos. Las diferencias de las horas fijan el"
        " lugar: con tres sensores hay un lugar o dos, y cada sensor más comprueba a los otros."
    ),
    "method_3": (
        "El programa busca el lugar y la hora que hacen más probable lo que se oyó, y lo que no se oyó. Cuenta "
        "con ecos (que llegan tarde, nunca antes), con un aire y un viento que no se conocen con exactitud, con"
        " rodeos en torno a edificios, y con la posibilidad de que una llegada sea de otro sonido; esa llegada "
        "se descarta, y así se dice."
    ),
    "method_4": (
        "La elipse resulta de cuánto puede moverse el lugar antes de que las llegadas discrepen más de lo "
        "debido, y se ensancha donde discrepan entre sí."
    ),
    "method_5": (
        "Qué clase de sonido fue es la opinión de cada sensor, de un clasificador entrenado; las opiniones se reúnen."
    ),
    "air": "Velocidad del sonido usada: {speed} ({temperature}). Programa: {program}. Método de cálculo: {solver}.",
    "temperature_at": "aire a {celsius}",
    "temperature_none": "temperatura no indicada",
    "speed_given": "como se indicó para el lugar",
    "sources": "Fuentes",
    "sources_note": "Por entero, con cada fórmula: docs/understand/localisation.md, en el programa.",
    "source_times": "horas, rodeos y exactitud publicada: {ref}",
    "source_starts": "lugar a partir de diferencias de hora: {ref}",
    "source_outliers": "llegadas de otros sonidos: {ref}",
    "source_ellipse": "la elipse: {ref}",
    "source_shock": "ondas de choque: {ref}",
    "source_classes": "opiniones de varios sensores: {ref}",
    "source_air": "el aire: {ref}",
    # 8 recompute
    "recompute": "Cómo volver a calcularlo",
    "recompute_note": (
        "Quien tiene el archivo no necesita centro, ni red, ni cuenta, solo el programa ({program}; su código "
        "es abierto). En un terminal:"
    ),
    "command_digest": "muestra la huella de la primera página",
    "command_verify": "comprueba cada firma y localiza de nuevo; KEY es la del centro, conocida por otra vía",
    "command_verify_replay": (
        "comprueba cada firma y localiza de nuevo; KEY es la de la repetición, sacada solo para ella"
    ),
    "command_open": "lo mismo, con la parte sellada",
    "command_report": "hace de nuevo este informe",
    "command_report_replay": "hace de nuevo este informe, con el sonido de las grabaciones",
    "digests": "Claves y huellas",
    "centre_key": "La clave del centro (Ed25519)",
    "centre_key_replay": "La clave de la repetición (Ed25519)",
    "method_digest": "El método (SHA-256)",
    "code_digest": "El código que localiza (SHA-256)",
    "libraries": "Bibliotecas",
    "models": "Clasificadores de los sensores",
    "model_none": "no nombrado",
    "chain_end": "Final del registro del centro (SHA-256)",
    "chain_end_replay": "Final del registro (SHA-256)",
    "findings": "Qué halló la comprobación",
    "good": "Conforme:",
    "bad": "ANOMALÍA:",
}
