/** The known word that a misspelled one most likely means; null where none is near. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[-_. ]/g, "");
  let best: { word: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance <= Math.max(candidate.length / 3, 1) && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word ?? null;
}

/** A sentence that names the known word that is near, to follow another sentence; an empty text where none is. */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === null ? "" : ` Did you mean "${nearest}"?`;
}

/** What a value may be: `one of a, b; did you mean a?` */
export function oneOf(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return `one of ${known.join(", ")}${nearest === null ? "" : `; did you mean ${nearest}?`}`;
}

/** Insertions, deletions and replacements that make `b` out of `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
