import { text } from "node:stream/consumers";
import * as z from "zod";
import { columns, complaints, fields, neededFields, retiredFields } from "../pipeline/dataset/complaints.ts";
import type { Column } from "../pipeline/dataset/dataset.ts";
import { matchNames } from "../pipeline/names/names.ts";
import type { TaskContext } from "../pipeline/steps/ports.ts";
import { type SourceClient, searchAnswer } from "./client/client.ts";
import { namesUrl, pageUrl } from "./urls.ts";

/** One promise of the source that loading stands on, and whether it held just now. */
type Promised = {
  promise: "answers" | "totals" | "fields" | "company filter" | "dates" | "paging";
  /** changed: loads go on, and what is new or missing is dealt with; broken: they stop with a message. */
  state: "held" | "changed" | "broken" | "unseen";
  what: string;
};

export type ContractReport = {
  promises: Promised[];
  /** How far this machine's clock is ahead of the source's; null where the source does not tell its own. */
  clockAheadMs: number | null;
  requests: number;
};

const envelope = z.object({
  hits: z.object({
    total: z.object({ value: z.int(), relation: z.string() }),
    hits: z.array(
      z.object({ _source: z.record(z.string(), z.unknown()), sort: z.array(z.union([z.string(), z.number()])) }),
    ),
  }),
});
const names = z.object({
  hits: z.object({ total: z.object({ value: z.int(), relation: z.string() }) }),
  aggregations: z.object({
    company: z.object({
      company: z.object({ buckets: z.array(z.object({ key: z.string(), doc_count: z.number() })) }),
    }),
  }),
});

/** So many hits a page: two pages show how paging goes on. */
const size = 3;

/**
 * Asks the source at most four questions, about the first company that a text means, and compares the answers with what loading
 * stands on (docs/source.md). Throws what a load would throw where an answer is none at all.
 */
export async function checkContract(
  client: SourceClient,
  base: string,
  texts: readonly string[],
  window: { from: string; to: string },
  context: TaskContext,
): Promise<ContractReport> {
  const promises: Promised[] = [];
  const say = (promise: Promised["promise"], state: Promised["state"], what: string) =>
    void promises.push({ promise, state, what });
  const done = (clockAheadMs: number | null) => ({ promises, clockAheadMs, requests: context.traffic.requests });

  const first = await ask(client, namesUrl(base), context);
  const listed = names.safeParse(first.json);
  if (!listed.success) {
    say(
      "answers",
      "broken",
      `the list of companies has another form (${issueOf(listed.error)}): no name can be resolved`,
    );
    return done(first.clockAheadMs);
  }
  const { buckets } = listed.data.aggregations.company.company;
  const all = buckets.map(({ key, doc_count }) => ({ name: key, count: doc_count }));
  const company = [...texts.flatMap((text) => matchNames(text, all)), ...all][0]?.name;
  if (company === undefined) {
    say("answers", "broken", "the list of companies is empty: no name can be resolved");
    return done(first.clockAheadMs);
  }
  say("answers", "held", `JSON, ${buckets.length.toLocaleString("en-US")} companies`);

  const query = { names: [company], window, size, after: null };
  const page = envelope.safeParse((await ask(client, pageUrl(base, query), context)).json);
  if (!page.success) {
    say("answers", "broken", `a page has another form (${issueOf(page.error)}): every load stops`);
    return done(first.clockAheadMs);
  }
  const { total, hits } = page.data.hits;
  if (hits.length === 0) {
    say("fields", "unseen", `${company} has no complaint from ${window.from} to ${window.to}: rows were not looked at`);
    return done(first.clockAheadMs);
  }
  checkFields(
    hits.map((hit) => hit._source),
    say,
  );
  checkRows(
    hits.map((hit) => hit._source),
    company,
    window,
    say,
  );

  const last = hits.at(-1)!.sort.join("_");
  if (total.value <= size) say("paging", "unseen", `${company} has too few complaints for a second page`);
  const next = total.value <= size ? null : await ask(client, pageUrl(base, { ...query, after: last }), context);
  const second = next === null ? null : envelope.safeParse(next.json);
  if (second !== null) {
    const key = ({ sort: [at, id] }: { sort: (string | number)[] }) => `${String(at).padStart(15, "0")}_${id}`;
    const goesOn =
      second.success && second.data.hits.hits.length > 0 && key(second.data.hits.hits[0]!) > key(hits.at(-1)!);
    say(
      "paging",
      goesOn ? "held" : "broken",
      goesOn
        ? "search_after goes on behind the last hit"
        : "search_after does not go on behind the last hit: every load stops",
    );
  }
  const totals = [total, ...(second?.success ? [second.data.hits.total] : [])];
  if (totals.some(({ relation }) => relation !== "eq")) {
    say("totals", "broken", "hits.total is not exact any more: no load can be proved complete, and every one stops");
  } else if (new Set(totals.map(({ value }) => value)).size > 1) {
    say(
      "totals",
      "changed",
      "hits.total moved between two pages, as it does while the index is updated: loads start again",
    );
  } else say("totals", "held", "hits.total is exact, and the same on two pages");

  const day = String(hits[0]!._source[complaints.cursor]).slice(0, 10);
  const onDay = envelope.safeParse(
    (await ask(client, pageUrl(base, { ...query, window: { from: day, to: day } }), context)).json,
  );
  const isInclusive = onDay.success && onDay.data.hits.total.value > 0;
  say(
    "dates",
    isInclusive ? "held" : "broken",
    isInclusive
      ? "both ends of a window belong to it"
      : `a window of one day (${day}) has no row, though one was received then: windows would lose days`,
  );
  return done(first.clockAheadMs);
}

type Say = (promise: Promised["promise"], state: Promised["state"], what: string) => void;
type Source = Record<string, unknown>;

function checkFields(sources: readonly Source[], say: Say): void {
  const seen = new Set(sources.flatMap((source) => Object.keys(source)));
  const lost = neededFields.filter((field) => !seen.has(field));
  const unknown = [...seen].filter((field) => !(fields as readonly string[]).includes(field)).sort();
  const missing = fields.filter(
    (field) => !seen.has(field) && !retiredFields.includes(field) && !neededFields.includes(field),
  );
  if (lost.length > 0)
    say("fields", "broken", `rows have no ${lost.join(", ")}: they are rejected, and every load stops`);
  if (unknown.length > 0) say("fields", "changed", `new: ${unknown.join(", ")}; loads keep them in _extra`);
  if (missing.length > 0) say("fields", "changed", `gone: ${missing.join(", ")}; loads keep what is stored of them`);
  const values = sources.flatMap((source) => columns.find((one) => isWrongValue(one, source[one.name] ?? null)) ?? []);
  const [column] = values;
  if (column !== undefined) {
    const all = values.length === sources.length;
    const what = `\`${column.name}\` has a value of an unknown kind in ${values.length} of ${sources.length} rows`;
    say("fields", all ? "broken" : "changed", `${what}: ${all ? "every load stops" : "such rows are kept apart"}`);
  }
  if (lost.length + unknown.length + missing.length + values.length === 0)
    say("fields", "held", `${seen.size} fields, all known`);
}

/** Whether a value is neither null nor a text, or not in the closed list of its field. */
function isWrongValue({ boolean, allowed }: Column, value: unknown): boolean {
  if (value === null) return false;
  if (typeof value !== "string" && !(typeof value === "boolean" && boolean)) return true;
  return allowed?.includes(String(value)) === false;
}

function checkRows(
  sources: readonly Source[],
  company: string,
  { from, to }: { from: string; to: string },
  say: Say,
): void {
  const others = sources.filter((source) => source[complaints.owner] !== company);
  say(
    "company filter",
    others.length === 0 ? "held" : "broken",
    others.length === 0
      ? `all rows of ${company} are its own`
      : `rows of ${String(others[0]?.company)} came for ${company}: every load stops`,
  );
  const outside = sources.find((source) => {
    const day = String(source[complaints.cursor]).slice(0, 10);
    return day < from || day > to;
  });
  if (outside !== undefined) {
    say(
      "dates",
      "broken",
      `a row of ${String(outside[complaints.cursor])} came for ${from} to ${to}: every load stops`,
    );
  }
}

async function ask(
  client: SourceClient,
  url: string,
  context: TaskContext,
): Promise<{ json: unknown; clockAheadMs: number | null }> {
  return client.request(url, searchAnswer, context, async ({ body, date }) => {
    const now = Date.now();
    const json = await text(body);
    context.traffic.bytes += Buffer.byteLength(json);
    const theirs = Date.parse(date ?? "");
    return { json: parsed(json), clockAheadMs: Number.isNaN(theirs) ? null : now - theirs };
  });
}

/** Undefined where it is no JSON: the schemas then say so. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join(".") || "the whole"}: ${issue?.message}`;
}
