import { dayNumber } from "./clock.ts";
import { draw } from "./random.ts";
import type { Rename } from "./timed-rows.ts";
import type { Dictionary, Words } from "./words.ts";

/** A company that takes another name: from that day's index on all its complaints show it. */
const taken = { from: "Chime Financial Inc", to: "Chime Financial, Inc.", on: dayNumber("2026-03-02") };

/** A name that appears one day beside an older one: every fifth complaint received from then on carries it. */
const appearing = { beside: "EQUIFAX, INC.", name: "EQUIFAX INFORMATION SERVICES LLC", on: dayNumber("2026-05-04") };

const purpose = 40;

/** Adds the names that are not there from the beginning. */
export function addLaterNames(words: Dictionary): void {
  if (words.code(taken.from) !== undefined) words.add(taken.to);
  if (words.code(appearing.beside) !== undefined) words.add(appearing.name);
}

/** The name under which a complaint received on `received` stands. */
export function nameAt(company: string, key: number, received: number): string {
  const isNew = company === appearing.beside && received >= appearing.on && draw(key, purpose, 5) === 0;
  return isNew ? appearing.name : company;
}

export function renames(words: Words): Rename[] {
  const [code, to] = [words.code(taken.from), words.code(taken.to)];
  return code === undefined || to === undefined ? [] : [{ code, to, from: taken.on }];
}
