import type { ErasingWords } from "./english";

export const spanish: ErasingWords = {
  title: "Borrar nombres y palabras",
  note: "Quien pide ser olvidado se busca en el registro y se borra de él. Una persona que entra conserva su nombre hasta que la página Personas la quita.",
  text: "Nombre o texto que buscar",
  find: "Buscar las líneas",
  nothing: (text) => `Ninguna línea contiene «${text}».`,
  more: (n) => `Estas son las ${n} más recientes. Bórrelas y busque el resto.`,
  choose: (line) => `Borrar la línea ${line}`,
  for_good: "Nada lo recupera. Lo que queda:",
  stays: [
    "qué se hizo y cuándo, y cómo acabó un suceso: las cifras no cambian;",
    "la cadena, que se sigue verificando, con un acta firmada que dice quién, cuándo y por qué lo borró;",
    "las pruebas hechas antes, que tienen su propia copia; el registro dice a quién se entregaron.",
  ],
  because: "Por qué, para el acta, sin las palabras que se borran",
  named: "El motivo queda para siempre; no ponga en él lo que se va a borrar.",
  confirm: "Escriba «borrar» para confirmar",
  confirm_word: "borrar",
  erase: (n) => (n === 1 ? "Borrar de 1 línea" : `Borrar de ${n} líneas`),
  done: (n) => (n === 0 ? "No quedaba nada que borrar." : n === 1 ? "Se borraron nombres y palabras de 1 línea." : `Se borraron nombres y palabras de ${n} líneas.`),
};
