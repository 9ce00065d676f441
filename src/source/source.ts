import type { FoundNames, Pages, Source, TaskContext } from "../pipeline/steps/ports.ts";
import type { Day, Window } from "../pipeline/window/days.ts";
import { type ClientOptions, SourceClient } from "./client/client.ts";
import { splitAddress } from "./client/http.ts";
import { countByName, findNames } from "./companies.ts";
import { countRows } from "./counts.ts";
import { Landing } from "./pages/landing.ts";
import { PageReader } from "./pages/page-facts.ts";
import { extractPages } from "./pages/pages.ts";

export type SourceOptions = Omit<ClientOptions, "credentials"> & {
  /** Address of the search API, with its trailing slash; user, password and parameters in it are sent with every request. */
  base: string;
  /** Hits a page asks for, at most 10,000. */
  pageSize: number;
  /** Where answers are landed. */
  landing: string;
  /** The day on which the source is asked: of a made-up one the day that it shows. */
  today(): Day;
};

/** The CFPB search API as the flow's source. */
export class CfpbSource implements Source {
  readonly #options: SourceOptions;
  readonly #client: SourceClient;
  #reader: Promise<PageReader> | undefined;

  constructor(options: SourceOptions) {
    const { base, credentials } = splitAddress(options.base);
    this.#options = { ...options, base };
    this.#client = new SourceClient({ ...options, credentials });
  }

  async findNames(texts: readonly string[], context: TaskContext): Promise<FoundNames> {
    return findNames(this.#client, this.#options.base, texts, context);
  }

  async count(names: readonly string[], window: Window, context: TaskContext): Promise<number[]> {
    return countRows(this.#client, this.#options.base, names, window, context);
  }

  async countByName(days: Window, context: TaskContext) {
    return countByName(this.#client, this.#options.base, days, context);
  }

  async *extract(company: string, names: readonly string[], window: Window, context: TaskContext): Pages {
    this.#reader ??= PageReader.open();
    const landing = this.#landing(company);
    await landing.clear();
    const { base, pageSize, today } = this.#options;
    const reader = await this.#reader;
    const pages = { base, pageSize, today, client: this.#client, reader, landing };
    return yield* extractPages(pages, names, window, context);
  }

  async discard(company: string): Promise<void> {
    await this.#landing(company).remove();
  }

  async close(): Promise<void> {
    await this.#client.close();
    (await this.#reader)?.close();
  }

  #landing(company: string): Landing {
    return new Landing(this.#options.landing, company);
  }
}
