import { readFileSync } from "node:fs";
import { Weighted } from "./random.ts";
import { Dictionary } from "./words.ts";

/** Complaints of one company: how many, about what, how often answered in time. */
export type CompanyVolume = {
  company: string;
  /** Place in the full list of companies; decides the company's complaint numbers. */
  slot: number;
  /** Complaints made in 2023, 2024 and 2025. */
  yearly: [number, number, number];
  /** Product names by year, as weights over `products`. */
  products: [Weighted, Weighted, Weighted];
  /** Of 10,000 complaints about a product, how many are answered in time. */
  timely: number[];
  kind: "bank" | "bureau" | "other";
};

type VolumeFile = {
  company: string;
  share: number;
  products: [product: string, y2023: number, y2024: number, y2025: number, timely: number][];
}[];
type ChoiceFile<C extends unknown[]> = { product: string; choices: [...C, weight: number][] }[];

/** Words and proportions of the made-up complaints (words/README.md). */
export type Calibration = ReturnType<typeof readCalibration>;

const banks = ["JPMORGAN CHASE & CO.", "BANK OF AMERICA, NATIONAL ASSOCIATION"];
const bureaus = ["EQUIFAX, INC.", "TRANSUNION INTERMEDIATE HOLDINGS, INC.", "Experian Information Solutions Inc."];

/** Product names that were in use until August 2023, beside today's. Source: the database's own notes of that month. */
const formerNames: Record<string, string> = {
  "Credit reporting or other personal consumer reports":
    "Credit reporting, credit repair services, or other personal consumer reports",
  "Payday loan, title loan, personal loan, or advance loan": "Payday loan, title loan, or personal loan",
  "Credit card": "Credit card or prepaid card",
  "Prepaid card": "Credit card or prepaid card",
};

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./words/${name}`, import.meta.url), "utf8")) as T;
}

/** Reads the word lists; only the tables of `companies` are made where some are named. */
export function readCalibration(companies?: readonly string[]) {
  const issuesOf = read<ChoiceFile<[string, string | null]>>("issues.json");
  const subProductsOf = new Map(
    read<ChoiceFile<[string | null]>>("sub_products.json").map((entry) => [entry.product, entry.choices]),
  );
  const names = issuesOf.map(({ product }) => product);
  const product = new Dictionary(names);
  const formerly = names.map((name) => {
    const former = formerNames[name];
    return former === undefined ? 0 : product.add(former);
  });
  const subProduct = new Dictionary();
  const issue = new Dictionary();
  const subIssue = new Dictionary();
  const subProducts = names.map((name) => choices(subProductsOf.get(name) ?? [[null, 1]], [subProduct]));
  const issues = issuesOf.map((entry) => choices(entry.choices, [issue, subIssue]));

  const states =
    read<[state: string | null, weight: number, zipLow: number | null, zipHigh: number | null][]>("states.json");
  const state = new Dictionary();
  return {
    product: { words: product, formerly },
    subProduct: { words: subProduct, byProduct: subProducts },
    issue: { words: issue, subWords: subIssue, byProduct: issues },
    state: {
      words: state,
      codes: states.map(([name]) => state.add(name)),
      zipRange: states.map(([, , low, high]) => (low === null || high === null ? null : { low, high })),
      weighted: new Weighted(states.map(([, weight]) => weight)),
    },
    companies: readVolumes(names, companies),
  };
}

function choices(entries: readonly unknown[][], words: readonly Dictionary[]) {
  return {
    codes: words.map((dictionary, i) => entries.map((entry) => dictionary.add(entry[i] as string | null))),
    weighted: new Weighted(entries.map((entry) => entry.at(-1) as number)),
  };
}

function readVolumes(products: readonly string[], wanted?: readonly string[]): CompanyVolume[] {
  const volumes: CompanyVolume[] = [];
  for (const [slot, entry] of read<VolumeFile>("volumes.json").entries()) {
    if (wanted !== undefined && !wanted.includes(entry.company)) continue;
    const weights = ([1, 2, 3] as const).map((year) =>
      products.map((name) => entry.products.find(([product]) => product === name)?.[year] ?? 0),
    );
    const sums = weights.map((row) => row.reduce((sum, count) => sum + count, 0));
    // A year without complaints has no proportions of its own: the next one's, else the one before.
    const filled = weights.map((row, i) => (sums[i] ? row : (weights.find((_, j) => sums[j]) ?? row)));
    volumes.push({
      company: entry.company,
      slot,
      yearly: sums.map((sum) => sum * entry.share) as [number, number, number],
      products: filled.map((row) => new Weighted(row)) as [Weighted, Weighted, Weighted],
      timely: products.map((name) =>
        Math.round((entry.products.find(([product]) => product === name)?.[4] ?? 1) * 10_000),
      ),
      kind: banks.includes(entry.company) ? "bank" : bureaus.includes(entry.company) ? "bureau" : "other",
    });
  }
  return volumes;
}
