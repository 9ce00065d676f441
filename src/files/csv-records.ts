const quote = 34;
const newline = 10;

/** Finds where the records of a CSV file end: at a newline outside quotes. Chunks may end anywhere. */
export class RecordEnds {
  #isQuoted = false;
  #isWhole = true;
  /** Records so far that have ended, the line of titles included. */
  count = 0;

  /**
   * Looks through the next chunk; returns where the first and the last record that end in it do, as the position behind the newline; 0 where none
   * does. `onEnd` gets the position behind each.
   */
  scan(chunk: Buffer, onEnd?: (position: number) => void): { first: number; last: number } {
    let isQuoted = this.#isQuoted;
    let first = 0;
    let last = 0;
    let count = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === quote) isQuoted = !isQuoted;
      else if (byte === newline && !isQuoted) {
        last = i + 1;
        if (first === 0) first = last;
        count++;
        onEnd?.(last);
      }
    }
    this.#isQuoted = isQuoted;
    this.count += count;
    if (chunk.length > 0) this.#isWhole = last === chunk.length;
    return { first, last };
  }

  /** To be called once, after the last chunk: a last record without a newline counts. False where the file ends within quotes. */
  end(): boolean {
    if (!this.#isWhole) this.count++;
    return !this.#isQuoted;
  }
}
