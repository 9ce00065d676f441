import { sourceIdentity } from "../pipeline/source-identity.ts";
import { isFinal } from "../run/states.ts";
import type { History } from "./history.ts";
import type { RunDetail, RunRow } from "./rows.ts";

/** Runs that are looked at for one that has done what another left over. */
const looked = 500;

type Settings = {
  companies?: readonly string[];
  startDate?: string;
  resetState?: boolean;
  backfill?: { from: string; to: string };
  file?: { path: string };
  retryOf?: readonly string[];
  skipDbt?: boolean;
};

/** A run, and those that it was a retry of, newest first. Those that the history does not have any more are left out. */
export async function chainOf(history: History, run: RunDetail): Promise<RunDetail[]> {
  const chain = [run];
  for (const id of (run.settings as Settings).retryOf ?? []) {
    const [found] = await history.find(id);
    if (found !== undefined && found.no !== run.no) chain.push(await history.inspect(found.no));
  }
  return chain;
}

/** Whether loads of other runs do what a run was to do: not those of a reset or a backfill, which reads days that no other run reads, nor those of a file. */
export function acceptsOtherLoads({ settings }: Pick<RunDetail, "settings">): boolean {
  const { resetState = false, backfill, file } = settings as Settings;
  return !resetState && backfill === undefined && file === undefined;
}

/** The run that has done since what a run left over; null where there is none, or the run left nothing. */
export async function doneSince(history: History, run: RunDetail): Promise<RunRow | null> {
  if (!isFinal(run.state) || run.state === "Completed") return null;
  const { companies: wanted = [], startDate = "", skipDbt: wasSkipped = false } = run.settings as Settings;
  const completed = await history.list({ states: ["Completed"], limit: looked });
  const later = completed.filter(({ no }) => no > run.no);
  for (const candidate of later.toReversed()) {
    const { settings } = await history.inspect(candidate.no);
    const {
      retryOf = [],
      companies = [],
      backfill,
      file,
      startDate: from = "",
      skipDbt = false,
    } = settings as Settings;
    if ((skipDbt && !wasSkipped) || sourceIdentity(candidate.source) !== sourceIdentity(run.source)) continue;
    if (retryOf.includes(run.id)) return candidate;
    const isOfSource = backfill === undefined && file === undefined;
    const isSame = acceptsOtherLoads(run) && isOfSource && candidate.asOf >= run.asOf && from <= startDate;
    if (isSame && wanted.every((company) => companies.includes(company))) return candidate;
  }
  return null;
}
