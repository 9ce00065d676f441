/** A company name as the source writes it, with its number of complaints. */
export type CompanyName = { name: string; count: number };

/** What is worth saying of the names of a text that earlier runs have loaded names under. */
export type NameNote =
  /** Recorded names that the source does not have any more. They are still asked for. */
  | { kind: "vanished"; names: string[]; all: boolean }
  /** Names that the text did not mean before. */
  | { kind: "added"; names: CompanyName[] }
  /** The text equals a name, and the names that were loaded under it are kept. */
  | { kind: "equal"; name: CompanyName; kept: string[] }
  /** The name that the text equals is gone; other names hold its words and are not taken for it. */
  | { kind: "equal_gone"; name: string; others: CompanyName[] }
  /** A recorded name that another configured text equals. */
  | { kind: "moved"; name: string; to: string };
