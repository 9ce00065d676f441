import { Weighted } from "./random.ts";
import { Dictionary } from "./words.ts";

/** What companies answer, and how often by kind of company (real proportions: the two banks give money back more). */
export const responseWords = new Dictionary([
  "In progress",
  "Closed with explanation",
  "Closed with non-monetary relief",
  "Closed with monetary relief",
  "Untimely response",
]);

/** The code of a complaint that is not settled yet. */
export const inProgress = 1;
export const monetaryRelief = 4;

/** Weights over {@link responseWords}' codes, from 0 (null). */
export const finalResponse = {
  bank: new Weighted([0, 0, 7590, 400, 2000, 10]),
  bureau: new Weighted([0, 0, 4990, 4980, 20, 10]),
  other: new Weighted([0, 0, 7980, 1480, 510, 30]),
};

export const publicWords = new Dictionary([
  "Company has responded to the consumer and the CFPB and chooses not to provide a public response",
  "Company believes it acted appropriately as authorized by contract or law",
  "Company believes the complaint is the result of a misunderstanding",
  "Company disputes the facts presented in the complaint",
]);

/** Weights over {@link publicWords}' codes, from 0 (null). */
export const publicResponse = new Weighted([460, 520, 8, 6, 6]);

/** Days until a complaint is settled: at least `from`, fewer than `from + span`. */
export const settling = {
  bank: { from: 12, span: 19 },
  bureau: { from: 28, span: 33 },
  other: { from: 14, span: 40 },
};
