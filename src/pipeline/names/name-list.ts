/** Whether two lists have the same names, in the same order. */
export function areSameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.join("\n") === other.join("\n");
}

/**
 * Names separated by commas, as RFC 4180 has it: one that holds a comma stands in double quotes, a quote in it is
 * doubled. Null where the list is malformed or a name is empty.
 */
export function parseNameList(text: string): string[] | null {
  const names: string[] = [];
  const item = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
  while (true) {
    const match = item.exec(text);
    if (match === null) return null;
    const name = (match[1]?.replaceAll('""', '"') ?? match[2] ?? "").trim();
    if (name === "") return null;
    names.push(name);
    if (match[3] === "") return names;
  }
}
