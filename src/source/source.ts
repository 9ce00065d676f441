import type { StrategyName } from "../pipeline/scope/strategy.ts";
import type { FoundNames, LandedScope, Source, Strategy, TaskContext } from "../pipeline/steps/ports.ts";
import type { Day, Window } from "../pipeline/window/days.ts";
import type { ProxyServer } from "../process/proxy.ts";
import { BulkFile } from "./bulk/bulk-file.ts";
import { bulkStrategy } from "./bulk/strategy.ts";
import { type ClientOptions, SourceClient } from "./client/client.ts";
import { splitAddress, splitFileAddress } from "./client/http.ts";
import { countByName, findNames } from "./companies.ts";
import { countLists } from "./counts.ts";
import { exportStrategy } from "./export/strategy.ts";
import { LandedSql } from "./landed-sql.ts";
import { readLandedScopes } from "./landing.ts";
import { pagesStrategy } from "./pages/strategy.ts";

export type SourceOptions = Omit<ClientOptions, "credentials"> & {
  /** Address of the search API, with its trailing slash; user, password and parameters in it are sent with every request. */
  base: string;
  /** Hits a page asks for, at most 10,000. */
  pageSize: number;
  /** Where answers are landed. */
  landing: string;
  /** The day on which the source is asked: of a made-up one the day that it shows. */
  today(): Day;
  /** The zip of everything, and how it is reached; null where none is known. */
  bulkFile: { url: string; proxy: ProxyServer | null } | null;
};

/** The CFPB search API as the flow's source. */
export class CfpbSource implements Source {
  readonly #options: SourceOptions;
  readonly #client: SourceClient;
  #landedSql: Promise<LandedSql> | undefined;
  readonly #files: SourceClient | undefined;
  readonly strategies: Readonly<Record<StrategyName, Strategy>>;
  readonly bulk: BulkFile | null;

  constructor(options: SourceOptions) {
    const { base, credentials } = splitAddress(options.base);
    this.#options = { ...options, base };
    this.#client = new SourceClient({ ...options, credentials });
    const { pageSize, landing, today } = options;
    const landedSql = () => (this.#landedSql ??= LandedSql.open());
    const shared = { base, client: this.#client, landing, landedSql, today };
    const { bulkFile } = options;
    if (bulkFile === null) this.bulk = null;
    else {
      // It lies with another host, whose business the credentials of this one are not.
      const { url, credentials: own } = splitFileAddress(bulkFile.url);
      this.#files = new SourceClient({ ...options, proxy: bulkFile.proxy, credentials: own });
      this.bulk = new BulkFile({ url, client: this.#files, landing });
    }
    this.strategies = {
      pages: pagesStrategy({ ...shared, pageSize }),
      export: exportStrategy(shared),
      bulk: bulkStrategy(this.bulk),
    };
  }

  async findNames(texts: readonly string[], context: TaskContext): Promise<FoundNames> {
    return findNames(this.#client, this.#options.base, texts, context);
  }

  async count(lists: readonly (readonly string[])[], days: Window, context: TaskContext) {
    return countLists(this.#client, this.#options.base, lists, days, context);
  }

  async countByName(days: Window, context: TaskContext) {
    return countByName(this.#client, this.#options.base, days, context);
  }

  async landedScopes(): Promise<LandedScope[]> {
    return readLandedScopes(this.#options.landing);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#files?.close();
    (await this.#landedSql)?.close();
  }
}
