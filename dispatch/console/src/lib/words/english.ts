// Every word on the page. `Words` is the shape that every other language must have: a word missing does not compile.

import { english as deciding } from "./deciding/english";
import { english as evidence } from "./evidence/english";
import { english as ground } from "./ground/english";

export type Values = Record<string, number | string>;

const labels: Record<string, string> = {
  gunshot: "gunshot",
  firework: "firework",
  other: "another sound",
  shock_wave: "shock wave",
  unknown: "unknown",
};

const nodes = (n: number): string => (n === 1 ? "1 node" : `${n} nodes`);

const quarters = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

export const english = {
  language: "English",
  language_choice: "Language",
  deciding,
  evidence,
  clips: {
    title: "The sound of the shots",
    note: "The nodes remember it for less than a minute. Everything but the shots is made unintelligible there.",
    ask: "Ask for the sound",
    because: "Why? It is kept in the journal with your name.",
    listen: "Listen",
    of: (node: string): string => `What ${node} heard`,
    slow: "A quarter as fast",
    state: {
      asked: "asked",
      unanswered: "did not answer",
      found: "there",
      gone: "remembers it no more",
      refused: "refused",
      erased: "erased",
    },
  },
  ground,
  quarters,
  compass_north: "N",

  // top
  night: "Night",
  day: "Day",
  to_night: "Switch to the night theme",
  to_day: "Switch to the day theme",
  sound: "Sound",
  pages: { all: "Pages", board: "Board", search: "Search", handover: "Handover", figures: "Figures", labels: "Labels", administration: "Administration" },
  report: "Report (PDF)",
  report_making: "Making it …",
  evidence_file: "File of evidence",
  evidence_for: "Who is given the file, and why",
  evidence_make: "Make it",
  evidence_key: "The key of its sealed part, which says where on the globe it was. It is told only now:",
  replay: "Replay with other settings",
  sound_off: "Sound is off",
  sound_waiting: "Press any key for sound",
  sound_on: "Sound is on",
  sound_turn_on: "Turn on the alert sound",
  sound_turn_off: "Turn off the alert sound",
  volume: "Volume of the alert sound",
  live: "Live",
  connecting: "Connecting …",
  keys: "Keys",
  keys_title: "All of it by keyboard",
  keys_list: [
    ["↑  ↓", "go through the queue"],
    ["N", "open the newest one that nobody has taken"],
    ["A  C  D  O", "take it, call back, send a patrol, enter the outcome"],
    ["J  K  T", "your verdict, calls and findings, a note"],
    ["U", "undo what you decided last on the open event"],
    ["Esc", "close what is open"],
    ["M, then arrows", "move the map"],
    ["+  −", "zoom the map"],
    ["0", "show the whole network"],
    ["?", "this list"],
  ] as [string, string][],
  close: "Close",

  // log-in
  log_in: "Log in",
  log_out: (name: string): string => `Log out ${name}`.trim(),
  person: "Name",
  password: "Password",
  new_password: "New password",
  password_rule: "At least 12 characters; a few words are easy to keep.",
  first_title: "You are the first here",
  first_note: "Choose your name and a password. You become this centre's administrator.",
  join_title: "Choose your password",
  join_note: "This link is good once. From then on you log in with your name and this password.",
  ended_title: "Your session has ended",
  ended_note: "What you see behind this is from before. Log in to go on where you were.",
  go_on: "Go on",
  code: "One-time code",
  code_note: "Six digits from the app on your telephone. Each is good once.",
  start_over: "Back",

  // one's own log-in
  account: (name: string): string => `${name}: how you log in`,
  present_password: "Present password",
  change_password: "Change password",
  password_changed: "Your password is changed. Your other sessions have ended.",
  codes_are_on: "One-time codes are on",
  codes_are_off: "One-time codes are off",
  codes_note: "With them, the log-in asks for a code from an app on your telephone beside the password.",
  codes_off_note: "To turn them off, give your password and a last code.",
  codes_offer_note: "Enter this in your authenticator app, or open it there. It is shown this once. Then type the code that the app shows.",
  codes_turn_on: "Turn on",
  codes_confirm: "Confirm",
  codes_turn_off: "Turn off",
  codes_turned_on: "From now on the log-in asks for a code.",
  codes_turned_off: "From now on the log-in asks for the password alone.",
  with_provider: (label: string): string => `With ${label}`,
  refusal: {
    wrong: "The name or the password is wrong.",
    provider: "You were not let in that way. Ask an administrator whether you were added by the name you have there.",
    code: "This code does not fit, or was used before. Wait for the next one.",
    own: "The password or the code is wrong. Each code is good once.",
    ended: "Your session has ended.",
    link: "This link was used before or is too old. An administrator can make a new one.",
    many: "Too many attempts. Try again in 15 minutes, or ask an administrator.",
    password: "This password will not do: it needs at least 12 characters, 5 of them different, and more than your name.",
    name: "This name will not do: letters, digits and spaces, and nobody else's.",
    away: "The centre does not answer. Try again in a moment.",
  },
  ended: (since: string): string => `Your session ended at ${since}.`,

  // link
  lost: (since: string): string => `Connection lost, trying again since ${since}.`,
  lost_meaning: "What you see is from then; new shots do not appear.",
  picture_from: (time: string): string => `Picture from ${time}`,

  // queue
  queue: "Possible gunshots",
  waiting: (n: number): string => `${n} to decide`,
  other_sounds: (n: number): string => (n === 1 ? "1 other sound" : `${n} other sounds`),
  capped: (n: number): string => `Only the newest ${n} are shown here; the centre keeps them all.`,
  other_note: "Located, but not taken for gunshots.",
  empty_title: "All quiet",
  empty_listening: (n: number): string => `${nodes(n)} listening. A located shot will appear here.`,
  empty_next: "It comes with its place as an ellipse, how sure the network is, and how many nodes heard it.",
  empty_none: "No node has reported yet.",
  empty_none_next: "Nodes appear on the map once they are enrolled and report; a located shot will then appear here.",
  yesterday: "yesterday",

  // what an event is called
  called: (label: string, count: number): string => {
    if (label === "gunshot") return count === 1 ? "Possible gunshot" : "Possible gunshots";
    if (label === "firework") return "Probably fireworks";
    if (label === "withdrawn") return "Withdrawn";
    return label === "other" ? "Another sound" : "Unclear sound";
  },
  exercise: "EXERCISE",
  rounds: (n: number): string => (n === 1 ? "1 round" : `${n} rounds`),
  level: (percent: string): string => `${percent} inside`,
  inside: (percent: string, size: string): string => `${percent} inside ${size}`,
  heard_by: (n: number): string => `heard by ${nodes(n)}`,
  ambiguous: "A second place fits nearly as well",
  late: "Reported late",
  ago: (text: string): string => `${text} ago`,
  just_now: "just now",
  seconds: (n: number): string => `${n} s`,
  minutes: (n: number): string => `${n} min`,
  hours: (n: number): string => `${n} h`,
  days: (n: number): string => `${n} d`,
  announced: (what: string, where: string): string => `New: ${what}, ${where}`,
  announced_gone: (n: number): string => `Event ${n} was withdrawn`,
  show: "Show",

  // event
  event: (n: number): string => `Event ${n}`,
  choose: "Nothing is open",
  choose_note: "Choose an event in the queue or on the map to see where it was, how sure that is, and why.",
  where: "Where",
  when: "When",
  heard: "Heard",
  why: "Why the machine says so",
  unknown: "Not known",
  long_side: (quarter: string, opposite: string): string => `longer from ${quarter} to ${opposite}`,
  from_node: (distance: string, quarter: string, node: string): string => `${distance} ${quarter} of node ${node}`,
  at_node: (node: string): string => `at node ${node}`,
  coordinates: "Coordinates of the middle",
  copy: "Copy",
  copied: "Copied",
  nearest_address: (address: string, distance: string, source: string): string =>
    `Nearest address, not the fix: ${address}, ${distance} away (${source})`,
  from_origin: (east: string, north: string): string => `${east}, ${north} of the network's origin`,
  to_east: "east",
  to_west: "west",
  to_north: "north",
  to_south: "south",
  within: (rounds: string, seconds: string): string => `${rounds} within ${seconds}`,
  late_by: (text: string): string => `Reported ${text} after it happened`,
  second_place: (distance: string, quarter: string): string =>
    `A second place fits nearly as well: ${distance} ${quarter}, dashed on the map`,
  by_of: (n: number, of: number): string => `by ${n} of ${nodes(of)}`,
  unknown_list: ["who fired, with what, and at what", "whether anyone is hurt", "the address: the ellipse is the place"],
  withdrawn_note: "Later reports explained these sounds otherwise. What was shown before stays in the list below.",
  details_missing: "The details could not be fetched. They come with the next report.",

  // how it was located
  origins: "How the place was found",
  arrivals: "What each node heard",
  arrivals_hidden: "It is shown to those who may see where nodes stand; your role sees their squares.",
  loud: "Loudness",
  refused: (why: string): string => `Left out: ${why}`,
  off_by: (ms: string): string => `${ms} off`,

  // map
  map: "Map",
  map_help: "Arrow keys move it, plus and minus zoom, zero shows the whole network.",
  fit_all: "Whole network",
  zoom_in: "Zoom in",
  zoom_out: "Zoom out",
  second: "second place",
  nodes: "Nodes",
  zone: (listening: number, of: number): string => `${nodes(of)} in this square, ${listening} listening`,
  listening: (n: number): string => `${n} listening`,
  troubled: (n: number): string => `${n} not`,
  state: {
    starting: "starting",
    ok: "ok",
    degraded: "degraded",
    deaf: "deaf",
    out_of_mandate: "not listening: out of mandate",
    failed: "failed",
    fault: "fault",
    silent: "silent",
    new: "not heard yet",
    revoked: "revoked",
  },
  last_report: (text: string): string => `last report ${text} ago`,
  never: "no report yet",
  clock_to: (text: string): string => `clock known to ${text}`,
  noise: (text: string): string => `noise ${text}`,
  outbox: (n: number): string => (n === 1 ? "1 report waiting" : `${n} reports waiting`),

  // what others say, by code or by sentence
  reason: {
    nodes_agree: (v: Values): string => `${v.agree} of ${v.of} nodes say ${labels[String(v.label)] ?? v.label}`,
    nodes_heard: (v: Values): string => `Heard by ${v.nodes} nodes`,
    no_redundancy: (v: Values): string => `Only ${v.nodes} nodes heard it: nothing checks the place`,
    ambiguous: (): string => "Another place explains the arrivals nearly as well",
    aloft: (): string => "It burst high over the roofs",
    at_ground: (): string => "At ground level",
    even_rounds: (v: Values): string => `${v.rounds} rounds, evenly ${v.interval_s} s apart, as an automatic gun fires`,
    uneven_rounds: (v: Values): string =>
      `${v.rounds} bangs at uneven intervals of about ${v.interval_s} s, as a string of crackers has them`,
    many_places: (v: Values): string => `From ${v.places} places within seconds`,
    shock_wave_led: (v: Values): string => `A bullet's shock wave came before it at ${v.nodes} of the nodes`,
    faint: (): string => "Faint for a gunshot at this distance",
    others_deaf: (v: Values): string => `${v.nodes} nodes nearer than others that heard it heard nothing`,
    stray_levels: (): string => "Its levels do not fall with distance as those of one sound",
    explained_otherwise: (): string => "Later arrivals explained the sounds otherwise",
    moving: (v: Values): string => {
      const towards = quarters[Math.round(Number(v.azimuth_deg) / 45) % 8];
      return `The shooter moved ${towards} at about ${v.speed_ms} m/s`;
    },
    two_shooters: (v: Values): string => `Another shot came ${v.seconds} s before from ${v.metres} m away: two shooters`,
    moved: (): string => "A better place counts this shot to another event",
  } as Record<string, (v: Values) => string>,
  said: (sentence: string): string => sentence,
};

export type Words = typeof english;
