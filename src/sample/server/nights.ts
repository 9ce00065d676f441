import { dayNumber, endOfDay } from "../dataset/clock.ts";
import { generateRows } from "../dataset/generate.ts";
import { timedIndex } from "../index/live-index.ts";
import { startSample } from "./server.ts";

/** A made-up source that stands at one day's end until it is moved to another's. */
export type Nights = {
  url: string;
  /** What every later question sees. */
  moveTo(day: string): void;
  /** The company that gets 503 in place of answers; null: none. */
  breakFor(company: string | null): void;
  close(): Promise<void>;
};

/** Shows what the embedded source shows of these companies. */
export async function startNights(companies: readonly string[], lastDay: string): Promise<Nights> {
  let today = lastDay;
  let broken: string | null = null;
  const rows = generateRows({ companies, lastDay: dayNumber(lastDay) });
  const server = await startSample({
    index: timedIndex(rows),
    now: () => endOfDay(today),
    fault: ({ url }) =>
      broken !== null && url.searchParams.getAll("company").includes(broken)
        ? { kind: "answer", status: 503, body: "Service Unavailable" }
        : undefined,
  });
  return {
    url: server.url,
    moveTo(day) {
      today = day;
    },
    breakFor(company) {
      broken = company;
    },
    close: () => server.close(),
  };
}
