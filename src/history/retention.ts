import { isFinal, states } from "../pipeline/run-state.ts";

/** Days and number of runs that are kept. */
export const keepDays = 180;
export const keepRuns = 10_000;

const open = states.filter((state) => !isFinal(state)).map((state) => `'${state}'`);

/** Removes ended runs that started before a time, or are beyond the newest so many, with all they have. */
export const pruneSql = `
  delete from runs where state not in (${open.join(", ")}) and
    (started_at < ? or no <= (select no from runs order by no desc limit 1 offset ?))`;
