import { buildAt, endOfDay } from "../../src/sample/dataset/clock.ts";
import type { Rows, WordField } from "../../src/sample/dataset/rows.ts";
import { wordFields } from "../../src/sample/dataset/rows.ts";

/** A complaint as the source shows it: `_source` without its form. */
export type TrueRow = Record<WordField, string | null> & {
  complaint_id: string;
  /** ISO instants in UTC. */
  date_received: string;
  date_sent_to_company: string | null;
};

/** The rows that a perfect client holds at the end of day `asOf`: of these companies, received from `from` to `to`. */
export function truth(
  rows: Rows,
  asOf: string,
  filter: { companies?: readonly string[]; from?: string; to?: string } = {},
): TrueRow[] {
  const snapshot = rows.at(buildAt(endOfDay(asOf)));
  const from = filter.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(filter.from);
  const to = filter.to === undefined ? Number.POSITIVE_INFINITY : endOfDay(filter.to);
  const held: TrueRow[] = [];
  for (const row of snapshot.visible) {
    const received = rows.received[row]!;
    const company = rows.words.company.text(snapshot.codes.company[row]!);
    if (received < from || received > to) continue;
    if (filter.companies !== undefined && !filter.companies.includes(company ?? "")) continue;
    const sent = snapshot.sent[row]!;
    const words = wordFields.map((field) => [field, rows.words[field].text(snapshot.codes[field][row]!)]);
    held.push({
      complaint_id: String(rows.id[row]),
      date_received: new Date(received).toISOString(),
      date_sent_to_company: Number.isNaN(sent) ? null : new Date(sent).toISOString(),
      ...(Object.fromEntries(words) as Record<WordField, string | null>),
    });
  }
  return held;
}
