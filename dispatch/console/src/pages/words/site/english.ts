// The words of the site's page, and of the data-protection file.

export const english = {
  where: (name: string, place: string): string => `${name} counts its metres from ${place}.`,
  nowhere: (name: string): string => `${name} has no place on the globe yet; the settings file gives it one, in [origin].`,
  time: (zone: string): string => `Its local time is that of ${zone}.`,
  addresses: "Street addresses",
  addresses_note: "Told beside a place as the nearest, never as the place. They stay on this centre. A new file takes the place of all that are there; a bad one changes nothing.",
  no_addresses: "There are none: alerts and events name no street.",
  kept: (n: string): string => `${n} addresses`,
  since: (time: string): string => `imported ${time}`,
  file: "BAN (.csv) or OpenStreetMap (.geojson, .geojsonl), also packed (.gz), 256 MB at most",
  import_file: "Import the file",
  importing: "Importing …",
  imported: (name: string, n: string): string => `${name} is imported: ${n} addresses.`,
  place: "Try a place: latitude, longitude",
  look: "Look it up",
  none_near: "No address within 300 m.",
  public: "The page for residents",
  public_note: "Twelve months by zone and month: alerts and how they ended, what was missed, deletions, accesses. No place of a shot or a node, no name, no time of day.",
  open: "Open to anyone at",
  closed: "Closed.",
  closed_how: "It opens with, in the centre's settings file:",
  preview: "Preview it",
  public_files: "Or as files for any web server, so that the centre needs no visitors:",
  key: "The centre's key",
  key_note: "Evidence and records of erasures are signed with it. Give it to whoever checks them, by another way than the evidence itself.",
  dpia: "Data-protection file",
  dpia_note: "Purposes, what is captured, how long it is kept, who sees what, read from this centre's settings and store; the points that are for you to fill in are marked. It does not make a deployment lawful by itself.",
  language: "Language",
  view: "View",
};

export type SiteWords = typeof english;
