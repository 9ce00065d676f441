import type { Warehouse as StepsWarehouse } from "../pipeline/steps/ports.ts";
import type { Remembered } from "../pipeline/window/window.ts";
import type { StateReport } from "./state/state-report.ts";

/** What is in a warehouse. */
export type Integrity = {
  rows: number;
  /** Live rows of more than one complaint with the same id. */
  doubled: number;
  rejected: number;
  /** All of it was read; false where that took longer than a run may be kept waiting. */
  whole: boolean;
};

/** Who has a warehouse. */
export type Holder = {
  pid: number;
  /** ISO instant. */
  since: string;
  /** The machine, where the number is of another one or of another container on this one. */
  elsewhere?: string;
};

/** The right to write a warehouse, until it is released or the process ends. */
export interface WarehouseLock {
  /** Never rejects: that would hide how the run ended. */
  release(): Promise<void>;
}

/**
 * Where complaints are loaded into: what a run needs of it, and what people ask of it between runs. It is made by the first load; until then
 * it is empty, and nothing is made by looking. Every implementation passes test/warehouse/suite.ts.
 */
export interface Warehouse extends StepsWarehouse {
  /** Where it is, for people. */
  readonly place: string;
  /** What dbt's profile is told, as environment variables, to build in it. */
  readonly buildVariables: Readonly<Record<string, string>>;
  /** Whether anything was loaded, or begun. */
  exists(): Promise<boolean>;
  /** Throws `warehouse_unusable`, before anything is made, where it cannot be one. */
  check(use: "read" | "write"): Promise<void>;
  /** Takes the right to write it, at once (invariant 4). Throws `warehouse_locked`, which names the holder, where another process has it. */
  lock(): Promise<WarehouseLock>;
  /** Who has it now; does not disturb one who takes it. */
  holder(): Promise<Holder | undefined>;
  /** The run of the last load, and the identity of the source that it read; null where nothing was loaded. */
  lastLoad(): Promise<{ runId: string; source: string | null } | null>;
  /** What is remembered of each company. */
  states(): Promise<Remembered>;
  /** What is remembered, only looked at. `project` is the fingerprint of the dbt project. Throws `warehouse_locked` while somebody has it. */
  stateReport(project: string): Promise<StateReport>;
  /** Forgets what is remembered of these companies, of all where none is named; resolves to the forgotten ones. The caller has the lock. */
  forget(companies: readonly string[]): Promise<string[]>;
  /** Reads it from end to end, as far as time allows; null where it is empty. Throws what is wrong with it. */
  inspect(): Promise<Integrity | null>;
  close(): Promise<void>;
}

export type WarehouseOptions = {
  /** DuckDB's memory limit, such as `512MB`; what does not fit is spilled. */
  memoryLimit: string;
  threads: number;
  /** The tables and views that dbt makes in it, such as `marts.fct_complaints`: no others may have their names. */
  relations: readonly string[];
  /** The folder of the published snapshots. */
  published: string;
};
