import { hourMs, minuteMs } from "../../pipeline/window/units.ts";
import type { ContractReport } from "../../source/contract.ts";
import type { DbtFacts } from "../../transform/inspect.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** dbt, and whether it writes the same file format as this program. */
export async function checkDbt(
  { dbt, cacheDir }: { dbt: string | null; cacheDir: string },
  inspect: () => Promise<DbtFacts>,
): Promise<Finding[]> {
  const { kind, duckdb, duckdbOfNode, damage } = await inspect();
  if (kind === "own") return [ok("dbt", `${dbt}, your own; its DuckDB must be able to read files of ${duckdbOfNode}`)];
  if (kind === "unmade")
    return [ok("dbt", "its Python environment is made by the first run, which takes about a minute")];
  if (damage !== null) {
    const what = `its Python environment in ${cacheDir} is damaged: ${damage}`;
    return [warning("dbt", what, "Nothing: the next run makes it anew.")];
  }
  const what = `DuckDB ${duckdb} in Python, ${duckdbOfNode} here`;
  return duckdb === duckdbOfNode
    ? [ok("dbt", what)]
    : [
        failure(
          "dbt",
          `${what}: one may not read what the other writes`,
          `Remove ${cacheDir}; the next run makes it anew.`,
        ),
      ];
}

/** A clock that is wrong by more asks for days that are not there, or leaves one out. */
const clockMs = { warning: minuteMs, failure: hourMs };

/** The source at this address, or `sample`, as far as four requests show it. */
export async function checkSourceContract(source: string, check: () => Promise<ContractReport>): Promise<Finding[]> {
  const { promises, clockAheadMs } = await check();
  const findings: Finding[] = [];
  // The embedded source's clock is this machine's.
  if (clockAheadMs !== null && source !== "sample") {
    const away = Math.abs(clockAheadMs);
    const what = `this machine's clock is ${Math.round(away / 1000)} s ${clockAheadMs < 0 ? "behind" : "ahead of"} the source's`;
    const fix = "Set the clock (timedatectl set-ntp true): windows end with today's day.";
    if (away > clockMs.failure) findings.push(failure("clock", what, fix));
    else if (away > clockMs.warning) findings.push(warning("clock", what, fix));
    else findings.push(ok("clock", "within a minute of the source's"));
  }
  for (const { promise, state, what } of promises) {
    const name = `source: ${promise}`;
    if (state === "held" || state === "unseen") findings.push(ok(name, what));
    else if (state === "changed") findings.push(warning(name, what, null));
    else findings.push(failure(name, what, "Look for a newer version of this program; what is loaded stays as it is."));
  }
  return findings;
}
