import { useState } from "preact/hooks";
import type { Table } from "../../contract.ts";
import { act, post } from "../api.ts";
import { TableView } from "../parts/chart-card.tsx";
import { route, setQuery } from "../router.ts";

const start = "select company, count(*) as complaints\nfrom fct_complaints\ngroup by 1\norder by 2 desc\nlimit 20";

/** One SELECT on the published tables. */
export function Sql() {
  const [sql, setSql] = useState(route.value.query.get("sql") ?? start);
  const [table, setTable] = useState<Table | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setQuery({ sql }, true);
    const answer = await act(() => post<Table>("/sql", { sql }), "Done.");
    setBusy(false);
    if (answer !== null) setTable(answer);
  };
  return (
    <>
      <p class="dim">
        One SELECT on the published tables, at most 20 seconds and 1,000 rows shown. Ctrl-Enter runs it.
      </p>
      <label class="hidden" for="sql">
        SQL
      </label>
      <textarea
        id="sql"
        data-search
        rows={8}
        spellcheck={false}
        value={sql}
        onInput={(event) => setSql(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
        }}
      />
      <p>
        <button type="button" class="main" onClick={run} disabled={isBusy}>
          {isBusy ? "Running" : "Run"}
        </button>
      </p>
      {table !== null && <TableView table={table} />}
    </>
  );
}
