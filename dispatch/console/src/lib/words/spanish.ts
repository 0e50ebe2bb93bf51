import { spanish as deciding } from "./deciding/spanish";
import { spanish as evidence } from "./evidence/spanish";
import { spanish as ground } from "./ground/spanish";
import type { Values, Words } from "./english";

const labels: Record<string, string> = {
  gunshot: "disparo",
  firework: "fuegos artificiales",
  other: "otro sonido",
  shock_wave: "onda de choque",
  unknown: "desconocido",
};

const nodes = (n: number): string => (n === 1 ? "1 sensor" : `${n} sensores`);
const comma = (value: number | string | undefined): string => String(value).replace(".", ",");

/** What a node says of itself, in its own English; what is not in this list is shown as it was said. */
const sentences: [RegExp, (...parts: string[]) => string][] = [
  [/^no sound from the source for (\d+) s$/, (s) => `sin sonido de la fuente desde hace ${s} s`],
  [/^sound was lost (\d+) s ago$/, (s) => `se perdió sonido hace ${s} s`],
  [/^the clock is known to (\d+) ms only$/, (ms) => `el reloj solo se conoce con ${ms} ms`],
  [/^(\d+) reports were set aside; the log says why$/, (n) => `${n} mensajes apartados: el registro dice por qué`],
  [/^capture failed for a reason that the node's log tells$/, () => "la captura falló; el registro del sensor dice por qué"],
  [/^only (\d+) MB are free on the disk$/, (mb) => `solo quedan ${mb} MB en el disco`],
  [/^the board is at (-?\d+) °C$/, (c) => `la placa está a ${c} °C`],
  [/^microphone (\d+) gives nothing$/, (n) => `el micrófono ${n} no da nada`],
  [/^each of the microphones ([\d, ]+) gives nothing$/, (n) => `los micrófonos ${n} no dan nada`],
  [/^microphone (\d+) is clipped most of the time$/, (n) => `el micrófono ${n} satura casi siempre`],
  [/^each of the microphones ([\d, ]+) is clipped most of the time$/, (n) => `los micrófonos ${n} saturan casi siempre`],
  [/^microphone (\d+) hears (\d+) dB less than the others$/, (n, db) => `el micrófono ${n} oye ${db} dB menos que los demás`],
  [/^wind at the microphones drowns what is far away$/, () => "el viento en los micrófonos tapa lo que está lejos"],
  [/^the centre has given no mandate yet$/, () => "el centro aún no ha dado un mandato"],
  [/^the node's place lies outside the zone of its mandate$/, () => "el sensor está fuera de la zona de su mandato"],
  [/^the mandate begins on (.+)$/, (when) => `el mandato empieza el ${when}`],
  [/^the mandate ended on (.+)$/, (when) => `el mandato terminó el ${when}`],
  [/^the centre revoked this node on (.+)$/, (when) => `el centro revocó este sensor el ${when}`],
  [/^(\d+) reports were dropped: the outbox is full$/, (n) => `${n} mensajes perdidos: la cola de envío está llena`],
];

function said(sentence: string): string {
  for (const [pattern, inSpanish] of sentences) {
    const found = pattern.exec(sentence);
    if (found !== null) return inSpanish(...found.slice(1));
  }
  return sentence;
}

const quarters = ["norte", "noreste", "este", "sureste", "sur", "suroeste", "oeste", "noroeste"];

export const spanish: Words = {
  language: "Español",
  language_choice: "Idioma",
  deciding,
  evidence,
  clips: {
    title: "El sonido de los disparos",
    note: "Los nodos lo recuerdan menos de un minuto. Todo menos los disparos se hace allí ininteligible.",
    ask: "Pedir el sonido",
    because: "¿Por qué? Queda en el diario con su nombre.",
    listen: "Escuchar",
    of: (node: string): string => `Lo que oyó ${node}`,
    slow: "Cuatro veces más lento",
    state: {
      asked: "pedido",
      unanswered: "no respondió",
      found: "disponible",
      gone: "ya no lo recuerda",
      refused: "rechazado",
      erased: "borrado",
    },
  },
  ground,
  quarters,
  compass_north: "N",

  night: "Noche",
  day: "Día",
  to_night: "Cambiar al tema de noche",
  to_day: "Cambiar al tema de día",
  sound: "Sonido",
  pages: { all: "Páginas", board: "Tablero", search: "Búsqueda", handover: "Relevo", figures: "Cifras", labels: "Etiquetas", administration: "Administración" },
  report: "Informe (PDF)",
  report_making: "Preparándolo …",
  evidence_file: "Archivo de prueba",
  evidence_for: "A quién se entrega el archivo, y por qué",
  evidence_make: "Hacerlo",
  evidence_key: "La clave de su parte sellada, que dice dónde fue en el globo. Solo se da ahora:",
  replay: "Repetir con otros ajustes",
  sound_off: "Sonido apagado",
  sound_waiting: "Pulse una tecla para el sonido",
  sound_on: "Sonido encendido",
  sound_turn_on: "Encender el sonido de alerta",
  sound_turn_off: "Apagar el sonido de alerta",
  volume: "Volumen del sonido de alerta",
  live: "En directo",
  connecting: "Conectando …",
  keys: "Teclas",
  keys_title: "Todo con el teclado",
  keys_list: [
    ["↑  ↓", "recorrer la cola"],
    ["N", "abrir el más reciente que nadie ha tomado"],
    ["A  C  D  O", "tomarlo, llamar, enviar una patrulla, anotar el resultado"],
    ["J  K  T", "su veredicto, llamadas y hallazgos, una nota"],
    ["U", "deshacer lo último que decidió sobre el evento abierto"],
    ["Esc", "cerrar lo que está abierto"],
    ["M, luego flechas", "mover el mapa"],
    ["+  −", "acercar o alejar el mapa"],
    ["0", "ver toda la red"],
    ["?", "esta lista"],
  ],
  close: "Cerrar",

  log_in: "Entrar",
  log_out: (name) => `Cerrar la sesión de ${name}`.trim(),
  person: "Nombre",
  password: "Contraseña",
  new_password: "Contraseña nueva",
  password_rule: "Al menos 12 caracteres; unas pocas palabras se recuerdan bien.",
  first_title: "Es la primera persona aquí",
  first_note: "Elija su nombre y una contraseña. Será quien administre este centro.",
  join_title: "Elija su contraseña",
  join_note: "Este enlace sirve una sola vez. Después entrará con su nombre y esta contraseña.",
  ended_title: "Su sesión ha terminado",
  ended_note: "Lo que se ve detrás es de antes. Entre para seguir donde estaba.",
  go_on: "Continuar",
  code: "Código de un solo uso",
  code_note: "Seis cifras de la aplicación de su teléfono. Cada uno sirve una sola vez.",
  start_over: "Volver",

  account: (name) => `${name}: cómo entra usted`,
  present_password: "Contraseña actual",
  change_password: "Cambiar la contraseña",
  password_changed: "Su contraseña ha cambiado. Sus otras sesiones han terminado.",
  codes_are_on: "Los códigos de un solo uso están activados",
  codes_are_off: "Los códigos de un solo uso están desactivados",
  codes_note: "Con ellos, para entrar se pide, además de la contraseña, un código de una aplicación de su teléfono.",
  codes_off_note: "Para desactivarlos, dé su contraseña y un último código.",
  codes_offer_note: "Introduzca esto en su aplicación de autenticación, o ábralo en ella. Se muestra solo esta vez. Después escriba el código que ella muestra.",
  codes_turn_on: "Activar",
  codes_confirm: "Confirmar",
  codes_turn_off: "Desactivar",
  codes_turned_on: "Desde ahora se pide un código para entrar.",
  codes_turned_off: "Desde ahora se pide solo la contraseña para entrar.",
  with_provider: (label) => `Con ${label}`,
  refusal: {
    wrong: "El nombre o la contraseña no son correctos.",
    provider: "No se le dejó entrar por ahí. Pregunte a un administrador si está dado de alta con el nombre que tiene allí.",
    code: "Este código no sirve o ya se usó. Espere al siguiente.",
    own: "La contraseña o el código no son correctos. Cada código sirve una sola vez.",
    ended: "Su sesión ha terminado.",
    link: "Este enlace ya se usó o es demasiado antiguo. Un administrador puede hacer uno nuevo.",
    many: "Demasiados intentos. Vuelva a probar en 15 minutos o pregunte a un administrador.",
    password: "Esta contraseña no sirve: al menos 12 caracteres, 5 de ellos distintos, y más que su nombre.",
    name: "Este nombre no sirve: letras, cifras y espacios, y que no sea de otra persona.",
    away: "El centro no responde. Vuelva a probar en un momento.",
  },
  ended: (since) => `Su sesión terminó a las ${since}.`,

  lost: (since) => `Conexión perdida, reintentando desde las ${since}.`,
  lost_meaning: "Lo que se ve es de entonces; los disparos nuevos no aparecen.",
  picture_from: (time) => `Imagen de las ${time}`,

  queue: "Posibles disparos",
  waiting: (n) => `${n} por decidir`,
  other_sounds: (n) => (n === 1 ? "1 sonido más" : `${n} sonidos más`),
  capped: (n) => `Solo se muestran los ${n} más recientes; el centro los guarda todos.`,
  other_note: "Localizados, pero no tomados por disparos.",
  empty_title: "Todo en calma",
  empty_listening: (n) =>
    n === 1
      ? "1 sensor escucha. Un disparo localizado aparecerá aquí."
      : `${n} sensores escuchan. Un disparo localizado aparecerá aquí.`,
  empty_next: "Con su lugar como elipse, cuán segura está la red y cuántos sensores lo oyeron.",
  empty_none: "Ningún sensor se ha anunciado todavía.",
  empty_none_next:
    "Los sensores aparecen en el mapa una vez inscritos y en marcha; un disparo localizado aparecerá entonces aquí.",
  yesterday: "ayer",

  called: (label, count) => {
    if (label === "gunshot") return count === 1 ? "Posible disparo" : "Posibles disparos";
    if (label === "firework") return "Probablemente fuegos artificiales";
    if (label === "withdrawn") return "Retirado";
    return label === "other" ? "Otro sonido" : "Sonido incierto";
  },
  exercise: "SIMULACRO",
  rounds: (n) => (n === 1 ? "1 disparo" : `${n} disparos`),
  level: (percent) => `${percent} dentro de`,
  inside: (percent, size) => `${percent} dentro de ${size}`,
  heard_by: (n) => `oído por ${nodes(n)}`,
  ambiguous: "Un segundo lugar encaja casi igual de bien",
  late: "Comunicado con retraso",
  ago: (text) => `hace ${text}`,
  just_now: "ahora mismo",
  seconds: (n) => `${n} s`,
  minutes: (n) => `${n} min`,
  hours: (n) => `${n} h`,
  days: (n) => `${n} d`,
  announced: (what, where) => `Nuevo: ${what}, ${where}`,
  announced_gone: (n) => `El evento ${n} fue retirado`,
  show: "Ver",

  event: (n) => `Evento ${n}`,
  choose: "No hay nada abierto",
  choose_note: "Elija un evento en la cola o en el mapa para ver dónde fue, con qué seguridad y por qué.",
  where: "Dónde",
  when: "Cuándo",
  heard: "Oído",
  why: "Por qué lo dice la máquina",
  unknown: "No se sabe",
  long_side: (quarter, opposite) => `alargada de ${quarter} a ${opposite}`,
  from_node: (distance, quarter, node) => `a ${distance} al ${quarter} del sensor ${node}`,
  at_node: (node) => `en el sensor ${node}`,
  coordinates: "Coordenadas del centro",
  copy: "Copiar",
  copied: "Copiado",
  nearest_address: (address, distance, source) =>
    `Dirección más cercana, no el lugar del disparo: ${address}, a ${distance} (${source})`,
  from_origin: (east, north) => `${east}, ${north} del origen de la red`,
  to_east: "al este",
  to_west: "al oeste",
  to_north: "al norte",
  to_south: "al sur",
  within: (rounds, seconds) => `${rounds} en ${seconds}`,
  late_by: (text) => `Comunicado ${text} después de ocurrir`,
  second_place: (distance, quarter) =>
    `Un segundo lugar encaja casi igual de bien: a ${distance} al ${quarter}, con trazos en el mapa`,
  by_of: (n, of) => `por ${n} de ${nodes(of)}`,
  unknown_list: [
    "quién disparó, con qué y a qué",
    "si hay heridos",
    "la dirección: el lugar es la elipse",
  ],
  withdrawn_note: "Mensajes posteriores explican estos sonidos de otro modo. Lo que se mostró queda en la lista de abajo.",
  details_missing: "No se pudieron leer los detalles. Vendrán con el próximo mensaje.",

  origins: "Cómo se halló el lugar",
  arrivals: "Lo que oyó cada sensor",
  arrivals_hidden: "Se muestra a quien puede ver dónde están los sensores; su función ve sus cuadrados.",
  loud: "Fuerza",
  refused: (why) => `Descartada: ${why}`,
  off_by: (ms) => `${ms} de desvío`,

  map: "Mapa",
  map_help: "Las flechas lo mueven, más y menos lo acercan o alejan, cero muestra toda la red.",
  fit_all: "Toda la red",
  zoom_in: "Acercar",
  zoom_out: "Alejar",
  second: "segundo lugar",
  nodes: "Sensores",
  zone: (listening, of) => `${nodes(of)} en este cuadrado, ${listening} a la escucha`,
  listening: (n) => (n === 1 ? "1 escucha" : `${n} escuchan`),
  troubled: (n) => `${n} no`,
  state: {
    starting: "arrancando",
    ok: "bien",
    degraded: "degradado",
    deaf: "sordo",
    out_of_mandate: "no escucha: fuera de mandato",
    failed: "averiado",
    fault: "averiado",
    silent: "mudo",
    new: "aún no oído",
    revoked: "revocado",
  },
  last_report: (text) => `último mensaje hace ${text}`,
  never: "ningún mensaje",
  clock_to: (text) => `reloj conocido con ${text}`,
  noise: (text) => `ruido ${text}`,
  outbox: (n) => (n === 1 ? "1 mensaje en espera" : `${n} mensajes en espera`),

  reason: {
    nodes_agree: (v: Values) => `${v.agree} de ${v.of} sensores dicen: ${labels[String(v.label)] ?? v.label}`,
    nodes_heard: (v: Values) => `Oído por ${v.nodes} sensores`,
    no_redundancy: (v: Values) => `Solo ${v.nodes} sensores lo oyeron: nada comprueba el lugar`,
    ambiguous: () => "Otro lugar explica las llegadas casi igual de bien",
    aloft: () => "Estalló muy por encima de los tejados",
    at_ground: () => "A ras de suelo",
    even_rounds: (v: Values) =>
      `${v.rounds} disparos a intervalos regulares de ${comma(v.interval_s)} s, como un arma automática`,
    uneven_rounds: (v: Values) =>
      `${v.rounds} detonaciones a intervalos irregulares de unos ${comma(v.interval_s)} s, como una traca de petardos`,
    many_places: (v: Values) => `Desde ${v.places} lugares en pocos segundos`,
    shock_wave_led: (v: Values) => `La onda de choque de una bala llegó antes a ${v.nodes} de los sensores`,
    faint: () => "Débil para un disparo a esta distancia",
    others_deaf: (v: Values) => `${v.nodes} sensores más cercanos que otros que lo oyeron no oyeron nada`,
    stray_levels: () => "Sus niveles no bajan con la distancia como los de un solo sonido",
    explained_otherwise: () => "Llegadas posteriores explican los sonidos de otro modo",
    moving: (v: Values) => {
      const towards = quarters[Math.round(Number(v.azimuth_deg) / 45) % 8];
      return `Quien disparaba se movió hacia el ${towards} a unos ${comma(v.speed_ms)} m/s`;
    },
    two_shooters: (v: Values) =>
      `Otro disparo salió ${comma(v.seconds)} s antes a ${v.metres} m de allí: dos tiradores`,
    moved: () => "Un lugar mejor cuenta este disparo en otro evento",
  },
  said,
};
