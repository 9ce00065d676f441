import { RecordEnds } from "../../files/csv-records.ts";
import { DamagedFile } from "../../files/zipped-csv.ts";
import type { Day } from "../../pipeline/window/days.ts";

const firstTitle = "Date received,";
/** Bytes of a day, such as 2026-11-20. */
const dayLength = 10;

/**
 * Reads a CSV file of everything to its end: how many rows it has, and the newest day on which one of them was received; null where none has a day.
 * Throws {@link DamagedFile} where the day is not its first column, or it ends within a row.
 */
export async function readDays(chunks: AsyncIterable<Buffer>): Promise<{ rows: number; newest: Day | null }> {
  const ends = new RecordEnds();
  let newest = "";
  let titles = "";
  /** The start of a row whose day goes on in the next chunk. */
  let start: Buffer | null = null;
  const take = (text: string) => {
    if (text > newest && /^\d{4}-\d\d-\d\d$/.test(text)) newest = text;
  };
  for await (const chunk of chunks) {
    if (titles.length < firstTitle.length) titles += chunk.toString("latin1", 0, firstTitle.length);
    if (start !== null) {
      const whole: Buffer = Buffer.concat([start, chunk.subarray(0, dayLength - start.length)]);
      start = whole.length < dayLength ? whole : null;
      if (start === null) take(whole.toString("latin1"));
    }
    ends.scan(chunk, (position) => {
      if (position + dayLength > chunk.length) start = chunk.subarray(position);
      // Nearly all rows are older: their days are not made into texts.
      else if (isAfter(chunk, position, newest)) take(chunk.toString("latin1", position, position + dayLength));
    });
  }
  if (!titles.replace(/^\u00ef\u00bb\u00bf/, "").startsWith(firstTitle))
    throw new DamagedFile(`its first column is not "Date received"`);
  if (!ends.end()) throw new DamagedFile("it ends within a quoted text");
  return { rows: Math.max(ends.count - 1, 0), newest: newest === "" ? null : newest };
}

/** Whether the text at a position stands behind another one, as bytes. */
function isAfter(chunk: Buffer, position: number, text: string): boolean {
  for (let i = 0; i < dayLength; i++) {
    const difference = chunk[position + i]! - (text.charCodeAt(i) || 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
