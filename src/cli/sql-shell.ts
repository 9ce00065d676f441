import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { factsOf } from "../pipeline/errors.ts";
import { privateMode } from "../private-file.ts";
import type { SqlSession } from "../wire.ts";
import { errorText } from "./error-output.ts";
import { printQuery, type SqlFormat } from "./sql-output.ts";
import { styleFor } from "./style.ts";

const help = `A statement ends with ; and may have several lines. Ctrl-C ends a statement, Ctrl-D the shell.
.tables          the published tables
.schema TABLE    the columns of a table
.quit            leave
`;
const prompt = "sql> ";
const continued = "...> ";

/** A shell on the snapshot, with a history that is kept in the home. */
export async function sqlShell(session: SqlSession, home: string, format: SqlFormat): Promise<number> {
  const historyFile = join(home, ".sql_history");
  const history = existsSync(historyFile) ? readFileSync(historyFile, "utf8").split("\n").filter(Boolean) : [];
  const input = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: process.stdin.isTTY === true,
    history: history.slice(-1000).reverse(),
    historySize: 1000,
    prompt,
  });
  let running: AbortController | undefined;
  let statement = "";
  input.on("SIGINT", () => {
    running?.abort(new Error("stopped"));
    statement = "";
    if (running === undefined) {
      process.stdout.write("\n");
      input.setPrompt(prompt);
      input.prompt();
    }
  });
  process.stdout.write("SQL on the published snapshot; .help says more.\n");
  input.prompt();
  for await (const line of input) {
    statement = statement === "" ? line.trim() : `${statement}\n${line}`;
    const isCommand = statement.startsWith(".");
    if (statement === ".quit" || statement === ".exit") break;
    if (statement === "" || isCommand || /;\s*$/.test(statement)) {
      const text = isCommand ? commandOf(statement) : statement;
      if (statement !== "")
        appendFileSync(historyFile, `${statement.replaceAll(/\s*\n\s*/g, " ")}\n`, { mode: privateMode });
      statement = "";
      if (text !== "") {
        running = new AbortController();
        await printQuery(session, text, format, running.signal).catch((error: unknown) => {
          if (running?.signal.aborted) process.stdout.write("Stopped.\n");
          else process.stderr.write(errorText(factsOf(error), styleFor(process.stderr, {}, process.env)));
        });
        running = undefined;
      }
    }
    input.setPrompt(statement === "" ? prompt : continued);
    input.prompt();
  }
  input.close();
  return 0;
}

/** A dot command as SQL; an empty text where it has been answered. */
function commandOf(command: string): string {
  const [name, ...names] = command.replace(/;\s*$/, "").split(/\s+/);
  if (name === ".tables") return "show tables";
  if (name === ".schema" && names.length === 1) return `describe "${names[0]!.replaceAll('"', '""')}"`;
  process.stdout.write(help);
  return "";
}
