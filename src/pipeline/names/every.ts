/** The company text that means the whole database. It has no names: what is asked for has no filter of companies. */
export const everyCompany = "all";

/** Whether these are the names of that text. */
export function isEvery(names: readonly string[]): boolean {
  return names.length === 0;
}

/** The names for people: what is asked for without a filter has none. */
export function namesText(names: readonly string[], separator = ", "): string {
  return isEvery(names) ? "every company" : names.join(separator);
}
