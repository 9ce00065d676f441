import { draw, Weighted } from "./random.ts";

/** No such day: later than any build. */
export const never = 2 ** 31 - 1;

/** When what happens to a complaint, as numbers of the daily builds that first show it. */
export type Life = {
  published: number;
  settled: number;
  publicResponse: number;
  withdrawn: number;
  back: number;
  /** {@link never} for most. */
  corrected: number;
  correction: Correction;
};

export type Correction = "issue" | "state" | "zip_code" | "tags" | "company_response" | "timely" | "sent" | "company";

const corrections: Correction[] = [
  "issue",
  "issue",
  "state",
  "zip_code",
  "tags",
  "company_response",
  "timely",
  "sent",
  "company",
];

const purpose = {
  lag: 20,
  lagDays: 21,
  settled: 22,
  public: 23,
  corrected: 24,
  correctedDays: 25,
  correction: 26,
  withdrawn: 27,
  withdrawnDays: 28,
  back: 29,
  backDays: 30,
};

/** How many days after it was received a complaint is published: [first day, number of days], with their weights. */
const lags = [
  [1, 1],
  [2, 2],
  [4, 4],
  [8, 9],
  [17, 45],
] as const;
const lag = new Weighted([29, 30, 20, 19, 2]);

/**
 * What happens to the complaint with this key, received on `day`. `churn` multiplies the real rates of corrections (8 in
 * 1,000), withdrawals (3 in 1,000, assumed) and returns (one in ten of these, assumed).
 */
export function lifeOf(key: number, day: number, settling: { from: number; span: number }, churn: number): Life {
  const [first, span] = lags[lag.pick(key, purpose.lag)]!;
  const published = day + first + draw(key, purpose.lagDays, span);
  const corrected =
    draw(key, purpose.corrected, 1000) < 8 * churn ? published + soonOrLate(key, purpose.correctedDays) : never;
  const withdrawn =
    draw(key, purpose.withdrawn, 1000) < 3 * churn ? published + soonOrLate(key, purpose.withdrawnDays) : never;
  const returns = withdrawn !== never && draw(key, purpose.back, 10) < (churn > 1 ? 4 : 1);
  return {
    published,
    settled: day + settling.from + draw(key, purpose.settled, settling.span),
    publicResponse: day + 5 + Math.floor(draw(key, purpose.public, 176) ** 2 / 176),
    corrected,
    correction: corrections[draw(key, purpose.correction, corrections.length)]!,
    withdrawn,
    back: returns ? withdrawn + 1 + draw(key, purpose.backDays, churn > 1 ? 5 : 60) : never,
  };
}

/** Two in three within six weeks, the rest within 500 days. */
function soonOrLate(key: number, number: number): number {
  return 1 + (draw(key, number + 100, 3) < 2 ? draw(key, number, 42) : draw(key, number, 500));
}
