import type { ErrorFacts } from "../../run/errors.ts";
import type { Scope } from "../scope/scope.ts";
import type { CompanyWindow } from "../window/window.ts";
import type { LoadResult } from "./values.ts";

/** How one scope ended. */
export type ScopeOutcome = Scope & {
  durationMs: number;
  result: LoadResult | null;
  error: ErrorFacts | null;
  /** False where an earlier run had loaded it, and this one did not ask for it. */
  isAsked: boolean;
};

/** How one company ended. Its window is complete where it has no error. */
export type CompanyOutcome = CompanyWindow & {
  scopes: ScopeOutcome[];
  /** What reconciled the scopes together; null where the window is one scope, or was not reconciled. */
  reconciled: LoadResult | null;
  error: ErrorFacts | null;
  /** The watermark that was committed. */
  loadedThrough: string | null;
};

/** The loads behind a company, in their order. One of an earlier run may stand for several scopes. */
export function loadsOf({ scopes, reconciled }: Pick<CompanyOutcome, "scopes" | "reconciled">): LoadResult[] {
  const loads = [...scopes.map(({ result }) => result), reconciled].filter((load) => load !== null);
  return [...new Map(loads.map((load) => [load.loadId, load])).values()];
}
