import type * as z from "zod";
import type { schema } from "./schema.ts";

/** Everything a command needs to know, checked; paths are absolute. */
export type Config = Readonly<
  Omit<
    z.output<typeof schema>,
    "home" | "database" | "bulkUrl" | "contact" | "runTimeoutSeconds" | "dbt" | "cacheDir" | "asOf"
  > & {
    /** Of the source's own: `<home>/sample` for the sample source, which shares nothing with the real one. */
    home: string;
    database: string;
    /** Address of the zip of all complaints; null where none is known. */
    bulkUrl: string | null;
    contact: string | null;
    runTimeoutSeconds: number | null;
    dbt: string | null;
    cacheDir: string;
    /** The companies of a run whose command line names none. */
    configuredCompanies: readonly string[];
    /** Today in UTC unless given. */
    asOf: string;
    /** Of this program. */
    version: string;
    /** The variables for child processes. */
    env: Readonly<Record<string, string>>;
  }
>;
