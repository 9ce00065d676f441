import { type Calibration, type CompanyVolume, readCalibration } from "./calibration.ts";
import { dayMs } from "./clock.ts";
import { type Correction, type Life, lifeOf, never } from "./life.ts";
import { addLaterNames, nameAt, renames } from "./names-in-time.ts";
import { narrativeOf, narrativeWords } from "./narratives.ts";
import { draw, keyed, keyOfText, mix, Weighted } from "./random.ts";
import { finalResponse, monetaryRelief, publicResponse, publicWords, responseWords, settling } from "./responses.ts";
import { type Rows, textOrder, type WordField } from "./rows.ts";
import { noonMs } from "./shapes.ts";
import { type Columns, type RowCorrection, TimedRows, type Times } from "./timed-rows.ts";
import { complaintId, dailyCounts, firstDay } from "./volume.ts";
import { Dictionary, zipCodes } from "./words.ts";

export type GenerateOptions = {
  seed?: number;
  /** 1 makes about 350,000 rows up to late 2026. */
  scale?: number;
  /** Only these companies; their rows are the same with or without the others. */
  companies?: readonly string[];
  /** Last day on which complaints are received, days since 1970. */
  lastDay: number;
  /** How often rows are corrected, withdrawn and brought back, as a multiple of the real rates. */
  churn?: number;
  /** Every date is noon at -05:00, as it was until 2026: a whole day is one instant. */
  noon?: boolean;
};

const tagWords = new Dictionary(["Servicemember", "Older American", "Older American, Servicemember"]);
const tag = new Weighted([9760, 155, 65, 20]);
const channelWords = new Dictionary(["Web", "Phone", "Referral", "Postal mail", "Web Referral", "Email"]);
const channel = new Weighted([0, 9720, 120, 80, 50, 20, 10]);
const timelyWords = new Dictionary(["Yes", "No"]);
const late = 2;

/** Purposes of a row's draws, each its own number (life.ts has those from 20 on). */
const purpose = {
  time: 1,
  tie: 2,
  product: 3,
  formerName: 4,
  subProduct: 5,
  issue: 6,
  state: 7,
  zipArea: 8,
  zipPlace: 9,
  zipMask: 10,
  tag: 11,
  channel: 12,
  timely: 13,
  sent: 14,
  sentWait: 15,
  response: 16,
  publicResponse: 17,
  correctedTo: 18,
};

/** Until this day (2023-08-24) half of the complaints still carry the former product names. */
const productsRenamed = firstDay + 235;

type Entry = { volume: CompanyVolume; key: number; id: number; time: number };

/** Makes all complaints received up to `lastDay`, with all that ever happens to each. */
export function generateRows(options: GenerateOptions): Rows {
  const { seed = 1, scale = 1, churn = 1, noon = false, lastDay } = options;
  const calibration = readCalibration(options.companies);
  const days = Math.max(lastDay - firstDay + 1, 0);
  const companies = calibration.companies.map((volume) => ({
    volume,
    key: mix(keyOfText(volume.company) ^ mix(seed)),
    counts: dailyCounts(volume, days, scale),
    made: 0,
  }));
  const total = companies.reduce((sum, { counts }) => sum + counts.reduce((part, count) => part + count, 0), 0);
  const columns = emptyColumns(total, calibration);
  const times = emptyTimes(total);
  const corrections: RowCorrection[] = [];

  let row = 0;
  for (let i = 0; i < days; i++) {
    const day = firstDay + i;
    const entries: Entry[] = [];
    for (const company of companies) {
      const { volume, counts } = company;
      let time = 0;
      for (let n = 0; n < counts[i]!; n++) {
        const key = keyed(company.key, company.made++);
        // One in eight arrives on the very millisecond of the company's one before.
        const tied = n > 0 && draw(key, purpose.tie, 8) === 0;
        if (!tied) time = draw(key, purpose.time, 86_400) * 1000 + (key % 1000);
        entries.push({ volume, key, id: complaintId(day, volume.slot, n), time });
      }
    }
    if (noon) for (const entry of entries) entry.time = noonMs;
    entries.sort((a, b) => a.time - b.time || textOrder(a.id) - textOrder(b.id));
    for (const entry of entries) {
      fillRow(columns, calibration, row, day, entry);
      const life = lifeOf(entry.key, day, settling[entry.volume.kind], churn);
      for (const name of Object.keys(times) as (keyof Times)[]) times[name][row] = life[name];
      if (life.corrected !== never) corrections.push(correctionOf(columns, calibration, row, entry.key, life));
      if (noon) columns.sent[row] = Math.floor(columns.sent[row]! / dayMs) * dayMs + noonMs;
      row++;
    }
  }
  return new TimedRows(columns, times, corrections, renames(columns.words.company));
}

function emptyColumns(total: number, calibration: Calibration): Columns {
  const column = () => new Uint16Array(total);
  return {
    id: new Uint32Array(total),
    received: new Float64Array(total),
    sent: new Float64Array(total),
    codes: {
      product: column(),
      sub_product: column(),
      issue: column(),
      sub_issue: column(),
      company: column(),
      company_public_response: column(),
      company_response: column(),
      state: column(),
      zip_code: new Uint32Array(total),
      tags: column(),
      submitted_via: column(),
      timely: column(),
      complaint_what_happened: column(),
    },
    words: {
      product: calibration.product.words,
      sub_product: calibration.subProduct.words,
      issue: calibration.issue.words,
      sub_issue: calibration.issue.subWords,
      company: companyWords(calibration),
      company_public_response: publicWords,
      company_response: responseWords,
      state: calibration.state.words,
      zip_code: zipCodes,
      tags: tagWords,
      submitted_via: channelWords,
      timely: timelyWords,
      complaint_what_happened: narrativeWords,
    },
  };
}

/** The companies' names, and those that they take or get later. */
function companyWords({ companies }: Calibration): Dictionary {
  const words = new Dictionary(companies.map(({ company }) => company));
  addLaterNames(words);
  return words;
}

function emptyTimes(total: number): Times {
  const column = () => new Int32Array(total);
  return { published: column(), settled: column(), publicResponse: column(), withdrawn: column(), back: column() };
}

function fillRow(columns: Columns, calibration: Calibration, row: number, day: number, entry: Entry): void {
  const { volume, key } = entry;
  const { codes } = columns;
  columns.id[row] = entry.id;
  columns.received[row] = day * dayMs + entry.time;
  columns.sent[row] = sentAt(key, day * dayMs + entry.time);
  const year = Math.min(Math.max(new Date(day * dayMs).getUTCFullYear() - 2023, 0), 2);
  const product = volume.products[year]!.pick(key, purpose.product);
  const former = calibration.product.formerly[product]!;
  const formerly = former > 0 && day < productsRenamed && draw(key, purpose.formerName, 2) === 0;
  codes.product[row] = formerly ? former : product + 1;
  const sub = calibration.subProduct.byProduct[product]!;
  codes.sub_product[row] = sub.codes[0]![sub.weighted.pick(key, purpose.subProduct)]!;
  const issues = calibration.issue.byProduct[product]!;
  const issue = issues.weighted.pick(key, purpose.issue);
  codes.issue[row] = issues.codes[0]![issue]!;
  codes.sub_issue[row] = issues.codes[1]![issue]!;
  codes.company[row] = columns.words.company.code(nameAt(volume.company, key, day))!;
  codes.complaint_what_happened[row] = narrativeOf(key);
  const state = calibration.state.weighted.pick(key, purpose.state);
  codes.state[row] = calibration.state.codes[state]!;
  codes.zip_code[row] = zipOf(key, calibration.state.zipRange[state] ?? null);
  codes.tags[row] = tag.pick(key, purpose.tag);
  codes.submitted_via[row] = channel.pick(key, purpose.channel);
  codes.timely[row] = draw(key, purpose.timely, 10_000) < volume.timely[product]! ? 1 : late;
  codes.company_response[row] = finalResponse[volume.kind].pick(key, purpose.response);
  codes.company_public_response[row] = publicResponse.pick(key, purpose.publicResponse);
}

function zipOf(key: number, range: { low: number; high: number } | null): number {
  const mask = draw(key, purpose.zipMask, 1000);
  if (range === null || mask < 10) return mask < 5 ? 0 : zipCodes.hidden;
  const area = range.low + draw(key, purpose.zipArea, range.high - range.low + 1);
  return mask < 180 ? zipCodes.masked(area) : zipCodes.whole(area * 100 + draw(key, purpose.zipPlace, 100));
}

/** Most are sent on within minutes, some after days; one in 200 never was. */
function sentAt(key: number, receivedMs: number): number {
  const wait = draw(key, purpose.sent, 1000);
  if (wait < 5) return Number.NaN;
  const bound = wait < 650 ? 600 : wait < 920 ? 86_400 : 864_000;
  return receivedMs + (1 + draw(key, purpose.sentWait, bound)) * 1000;
}

/** What a row's correction changes. Each new value differs from the one before. */
function correctionOf(columns: Columns, calibration: Calibration, row: number, key: number, life: Life): RowCorrection {
  const { codes } = columns;
  const another = (field: WordField, among: number) => {
    const chosen = draw(key, purpose.correctedTo, among) + 1;
    return chosen === codes[field][row] ? (chosen % among) + 1 : chosen;
  };
  const changes: Record<Correction, () => [WordField, number][]> = {
    issue: () => {
      const issues = calibration.issue.byProduct[(codes.product[row]! - 1) % calibration.issue.byProduct.length]!;
      const at = draw(key, purpose.correctedTo, issues.codes[0]!.length);
      return [
        ["issue", issues.codes[0]![at]!],
        ["sub_issue", issues.codes[1]![at]!],
      ];
    },
    state: () => [
      ["state", another("state", columns.words.state.size - 1)],
      ["zip_code", zipCodes.hidden],
    ],
    zip_code: () => [["zip_code", codes.zip_code[row] === 0 ? zipCodes.hidden : 0]],
    tags: () => [["tags", another("tags", tagWords.size - 1)]],
    company_response: () => [["company_response", monetaryRelief]],
    timely: () => [["timely", another("timely", timelyWords.size - 1)]],
    sent: () => [],
    company: () => [["company", another("company", calibration.companies.length)]],
  };
  return {
    row,
    from: life.corrected,
    words: changes[life.correction](),
    sentLaterMs: life.correction === "sent" ? dayMs : 0,
  };
}
