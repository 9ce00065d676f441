import type { Window } from "../window/days.ts";
import type { CompanyWindow } from "../window/window.ts";
import type { StrategyName } from "./strategy.ts";

/** What one load reads and proves. A company's window is one scope or several. */
export type Scope = {
  /** The name of it in a run: the company's text where its window is one scope, else that with the days. */
  id: string;
  company: string;
  /** Exact names at the source. */
  names: string[];
  window: Window;
  strategy: StrategyName;
};

/** Days of a window, and how they are read. */
export type Part = { window: Window; strategy: StrategyName };

/** A company's window with the scopes that it is read in. */
export type ScopedWindow = CompanyWindow & { scopes: Scope[] };

/** How the scopes of a window are read: mixed where they differ. */
export function strategyOf([first, ...others]: readonly Pick<Scope, "strategy">[]): StrategyName | "mixed" {
  return others.every(({ strategy }) => strategy === first?.strategy) ? first!.strategy : "mixed";
}

/** The scopes of a company's window, one for each of its parts: days that follow each other and are all of it. */
export function withScopes(window: CompanyWindow, parts: readonly Part[]): ScopedWindow {
  const { company, names } = window;
  const scopes = parts.map(({ window: days, strategy }): Scope => {
    const id = parts.length === 1 ? company : `${company} ${days.from}..${days.to}`;
    return { id, company, names, window: days, strategy };
  });
  return { ...window, scopes };
}
