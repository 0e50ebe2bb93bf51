import type { MandateWords } from "./english";

export const spanish: MandateWords = {
  note: "Fuera de él un sensor no escucha: ni antes, ni después, ni fuera de su zona.",
  have_it: (n, of) => (n === of ? (of === 1 ? "El sensor lo tiene." : `Los ${of} sensores lo tienen.`) : `${n} de ${of} sensores ${n === 1 ? "lo tiene" : "lo tienen"}.`),
  lacking: (nodes) => `Sin confirmar todavía: ${nodes.join(", ")}. Cada uno lo recibe con la respuesta a su próximo informe.`,
  map: "Los sensores y la zona desde arriba; un clic añade una esquina",
  corners: "Esquinas de la zona: metros este, norte",
  draw_note: "Una esquina por línea, o un clic en el mapa. Una línea vacía empieza otro contorno; uno dentro de otro es un hueco. Un archivo de polígonos lo lee tocsin centre mandate --zone.",
  anew: "Dibujarla de nuevo",
  around: (metres) => `Alrededor de los sensores, a ${metres} m`,
  no_zone: "La zona necesita un contorno de tres esquinas o más, cada una en una línea como 120, -40.",
  outside: (nodes) => `Fuera de la zona, y pronto sin escuchar: ${nodes.join(", ")}.`,
};
