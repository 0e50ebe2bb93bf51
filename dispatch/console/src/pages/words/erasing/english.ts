// The words of forgetting somebody.

export const english = {
  title: "Erase names and words",
  note: "Who asks to be forgotten is found in the journal, then erased there. A person who logs in keeps a name until the page People removes them.",
  text: "Name or text to find",
  find: "Find the lines",
  nothing: (text: string): string => `No line holds “${text}”.`,
  more: (n: number): string => `These are the newest ${n}. Erase them, then find the rest.`,
  choose: (line: number): string => `Erase line ${line}`,
  for_good: "Nothing brings it back. What stays:",
  stays: [
    "what was done and when, and how an event ended, so figures do not change;",
    "the chain, which still verifies, with a signed record that says by whom, when and why it was erased;",
    "evidence that was made before, which holds its own copy; the journal says who was given it.",
  ],
  because: "Why, for the record, without the words to be erased",
  named: "The reason stays for good; leave out what is to be erased.",
  confirm: "Type “erase” to confirm",
  confirm_word: "erase",
  erase: (n: number): string => (n === 1 ? "Erase it from 1 line" : `Erase it from ${n} lines`),
  done: (n: number): string => (n === 0 ? "Nothing was left to erase." : n === 1 ? "Names and words are erased from 1 line." : `Names and words are erased from ${n} lines.`),
};

export type ErasingWords = typeof english;
