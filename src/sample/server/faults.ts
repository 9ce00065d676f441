/** What goes wrong with one answer. */
export type Fault =
  /** Something else in place of the true answer. */
  | { kind: "answer"; status: number; headers?: Record<string, string>; body?: string }
  /** 429, with `Retry-After` in seconds or as a date where one is given. */
  | { kind: "throttled"; retryAfter?: number | string }
  /** A web page with this status: of a proxy, the firewall, or in place of the answer. */
  | { kind: "html"; status: number }
  | { kind: "latency"; ms: number }
  /** The connection ends after so many bytes of the body; `chunked`: without a Content-Length, and cleanly. */
  | { kind: "cut"; bytes: number; chunked?: boolean }
  /** The connection is reset after so many bytes, before the answer where it is 0. */
  | { kind: "reset"; bytes?: number }
  /** Nothing more comes after so many bytes, nothing at all where it is 0. */
  | { kind: "hang"; bytes?: number }
  | { kind: "drip"; bytes: number; everyMs: number }
  /** Says gzip and is none. */
  | { kind: "gzip-rubbish" }
  /** A part of the rows under the whole total. */
  | { kind: "partial"; sign: "timed_out" | "shards" }
  /** `hits.total` times `factor`, plus `add`. */
  | { kind: "total"; factor?: number; add?: number }
  /** The company filter does nothing. */
  | { kind: "ignore-company" }
  /** A key of `_source`: gone, under another name, of another type, or there is one more; in every `every`th row. */
  | { kind: "field"; change: "missing" | "renamed" | "retyped" | "added"; key: string; every?: number }
  | { kind: "meta"; stale?: boolean; issue?: boolean }
  /** The index moves to this day before the request is answered. */
  | { kind: "swap"; asOf: string };

export const faultKinds: readonly Fault["kind"][] = [
  "answer",
  "throttled",
  "html",
  "latency",
  "cut",
  "reset",
  "hang",
  "drip",
  "gzip-rubbish",
  "partial",
  "total",
  "ignore-company",
  "field",
  "meta",
  "swap",
];

/** A fault and where it is aimed; what is not named fits every request. */
export type FaultRule = {
  fault: Fault;
  /** The first request that it may hit, counted from 1 among those that fit the rest of the rule. */
  nth?: number;
  /** Requests that ask for this company. */
  company?: string;
  /** Requests whose path and query hold this text. */
  path?: string;
  /** How often it strikes; always where it is not given. */
  times?: number;
};

export type SeenRequest = { method: string; url: URL };

/** Aims faults at requests. The first rule that fits strikes. */
export class FaultRules {
  #rules: { rule: FaultRule; seen: number; struck: number }[] = [];

  replace(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, seen: 0, struck: 0 }));
  }

  next({ url }: SeenRequest): Fault | undefined {
    let fault: Fault | undefined;
    for (const state of this.#rules) {
      const { company, path, nth = 1, times = Number.POSITIVE_INFINITY } = state.rule;
      if (company !== undefined && !url.searchParams.getAll("company").includes(company)) continue;
      if (path !== undefined && !`${url.pathname}${url.search}`.includes(path)) continue;
      state.seen++;
      if (fault !== undefined || state.seen < nth || state.struck >= times) continue;
      state.struck++;
      fault = state.rule.fault;
    }
    return fault;
  }
}

type Hit = { _source: Record<string, unknown> };
type SearchBody = {
  timed_out: boolean;
  _shards: Record<string, number>;
  hits: { total: { value: number }; hits: Hit[] };
};

/** The body of a search answer with the fault in it; other faults and other bodies stay as they are. */
export function spoil(body: string, fault: Fault): string {
  if (fault.kind !== "partial" && fault.kind !== "total" && fault.kind !== "field") return body;
  const answer = JSON.parse(body) as SearchBody;
  if (answer.hits === undefined) return body;
  const { hits } = answer;
  if (fault.kind === "partial") {
    hits.hits = hits.hits.slice(0, Math.floor(hits.hits.length / 2));
    if (fault.sign === "timed_out") answer.timed_out = true;
    else answer._shards = { ...answer._shards, successful: 0, failed: 1 };
  } else if (fault.kind === "total") {
    hits.total.value = Math.floor(hits.total.value * (fault.factor ?? 1)) + (fault.add ?? 0);
  } else {
    for (const [i, { _source }] of hits.hits.entries()) {
      if (i % (fault.every ?? 1) === 0) changeField(_source, fault.change, fault.key);
    }
  }
  return JSON.stringify(answer);
}

function changeField(
  source: Record<string, unknown>,
  change: "missing" | "renamed" | "retyped" | "added",
  key: string,
): void {
  const value = source[key];
  if (change === "added") source[key] = "new";
  else if (change === "retyped") source[key] = { value };
  else {
    delete source[key];
    if (change === "renamed") source[`${key}_new`] = value;
  }
}
