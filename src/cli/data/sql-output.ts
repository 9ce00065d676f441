import { once } from "node:events";
import { csvLine } from "../../pipeline/report/csv.ts";
import { escapeControls } from "../../pipeline/report/format.ts";
import type { Column, Receiver, SqlSession, Value } from "../../snapshot/sql.ts";
import { table } from "../terminal/table.ts";

/** `line`: a value a line, whole, as wide rows can be read. */
export type SqlFormat = "table" | "line" | "json" | "csv" | "spreadsheet";

/** Rows that a table shows at most: its columns are as wide as their widest value. */
const mostTableRows = 1000;
const widest = 60;

/** Runs a statement and prints its result. */
export async function printQuery(
  session: SqlSession,
  sql: string,
  format: SqlFormat,
  signal: AbortSignal,
): Promise<void> {
  const printer = sqlPrinter(format, process.stdout);
  const isForPeople = format === "table" || format === "line";
  const { more } = await session.query({ sql, maxRows: isForPeople ? mostTableRows : null }, printer, signal);
  await printer.end(more);
}

/** Prints a result as it comes; `end` prints what is left. */
function sqlPrinter(format: SqlFormat, output: NodeJS.WriteStream): Receiver & { end(more: boolean): Promise<void> } {
  const isCsv = format === "csv" || format === "spreadsheet";
  let columns: readonly Column[] = [];
  let types: string[] | undefined;
  const kept: string[][] = [];
  let rows = 0;
  const write = async (text: string) => {
    if (text !== "" && !output.write(text)) await once(output, "drain");
  };
  const asObject = (row: readonly Value[]) =>
    JSON.stringify(Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
  return {
    async columns(found) {
      columns = found;
      types = format === "spreadsheet" ? columns.map(({ type }) => type) : undefined;
      if (isCsv)
        await write(
          csvLine(
            columns.map(({ name }) => name),
            types && columns.map(() => ""),
          ),
        );
      if (format === "json") await write("[");
    },
    async rows(chunk) {
      // Cut at once: a table shows the beginning of a wide value.
      if (format === "table") for (const row of chunk) kept.push(row.map(cell));
      else if (format === "line") await write(chunk.map((row, i) => lineRow(columns, row, rows + i)).join(""));
      else if (isCsv) await write(chunk.map((row) => csvLine(row, types)).join(""));
      else await write(chunk.map((row, i) => `${rows + i > 0 ? ",\n" : "\n"}${asObject(row)}`).join(""));
      rows += chunk.length;
    },
    async end(more) {
      if (format === "json") await write(rows === 0 ? "]\n" : "\n]\n");
      if (format !== "table" && format !== "line") return;
      if (format === "table") await write(fitted(resultTable(columns, kept), output.columns || undefined));
      const count = `${rows.toLocaleString("en-US")} row${rows === 1 ? "" : "s"}`;
      await write(more ? `The first ${count}; all of them with --csv or --json.\n` : `${count}.\n`);
    },
  };
}

/** The table cut to the screen, with a line that says so where it is cut. */
function fitted(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  const lines = text.split("\n");
  if (lines.every((line) => [...line].length <= width)) return text;
  const cut = lines.map((line) => {
    const letters = [...line];
    return letters.length <= width ? line : `${letters.slice(0, width - 1).join("")}…`;
  });
  return `${cut.join("\n")}Rows are cut; see all with .mode line (in the shell), --csv or --json.\n`;
}

/** A row as a line for each of its values. */
function lineRow(columns: readonly Column[], row: readonly Value[], index: number): string {
  const longest = Math.max(...columns.map(({ name }) => [...escapeControls(name)].length));
  const lines = columns.map(({ name }, i) => {
    const value = row[i] ?? null;
    const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    return `${escapeControls(name).padStart(longest)} = ${text.split("\n").map(escapeControls).join("\n")}\n`;
  });
  return `${index === 0 ? "" : "\n"}${lines.join("")}`;
}

function resultTable(columns: readonly Column[], rows: readonly string[][]): string {
  const isNumber = (type: string) => /INT|DECIMAL|DOUBLE|FLOAT/.test(type);
  return table(
    columns.map(({ name, type }) => ({ title: name, ...(isNumber(type) ? { align: "right" as const } : {}) })),
    rows,
  );
}

function cell(value: Value): string {
  if (value === null) return "";
  const text = (typeof value === "object" ? JSON.stringify(value) : String(value)).replaceAll(/\s+/g, " ");
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}
