import { sourceAccess } from "../../app/wiring/source.ts";
import { escapeControls, formatCount, plural } from "../../pipeline/report/format.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { waitConsole } from "../terminal/console.ts";
import { table } from "../terminal/table.ts";

/** `pipeline companies search`: exit code 1 where nothing matches. */
export async function companiesSearch(text: string, options: GlobalOptions): Promise<number> {
  const { config } = await configOf(options);
  const cancellation = cancelOnSignals(readingCancelMessage("The search"));
  try {
    const { matches, suggestions } = await sourceAccess(config).searchNames(
      text,
      cancellation.signal,
      waitConsole(options),
    );
    if (options.json) process.stdout.write(`${JSON.stringify({ text, matches, suggestions })}\n`);
    else if (matches.length > 0) {
      const columns = [{ title: "name" }, { title: "complaints", align: "right" as const }];
      const sorted = matches.toSorted((a, b) => b.count - a.count);
      process.stdout.write(
        table(
          columns,
          sorted.map(({ name, count: number }) => [name, formatCount(number)]),
        ),
      );
      process.stdout.write(
        `\n"${text}" means ${plural(matches.length, "name")}; one alone is meant by its exact name.\n`,
      );
    } else {
      const nearest = suggestions
        .map(({ name, count: number }) => `  ${escapeControls(name)} (${formatCount(number)})\n`)
        .join("");
      process.stdout.write(
        `No name at the source matches "${text}".${nearest === "" ? "\n" : ` Nearest:\n${nearest}`}`,
      );
    }
    return matches.length > 0 ? 0 : 1;
  } finally {
    cancellation.stop();
  }
}
