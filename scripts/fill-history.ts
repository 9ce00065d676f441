import { openHistory } from "../src/history/sqlite/database.ts";

/**
 * `node scripts/fill-history.ts FILE RUNS LINES`: a run history of made-up runs, a few minutes apart, with so many log lines each.
 * For measuring and for looking at a full history.
 */
const [file = "", runs = "1000", lines = "100"] = process.argv.slice(2);
if (file === "") throw new Error("which file?");
const database = openHistory(file);
database.exec("pragma synchronous = off; begin");
const insert = database.prepare(
  `insert into runs (id, name, flow, state, trigger, started_at, ended_at, as_of, source, database, settings, host, pid, heartbeat_at,
     rows, changed, requests, bytes, error_code)
   values (?, ?, 'cfpb-complaints-incremental', ?, ?, ?, ?, '2026-11-20', 'sample', 'd', '{}', 'h', 1, 0, 8000, 600, 3, 5000000, ?)`,
);
const first = Date.now() - Number(runs) * 1_500_000;
for (let i = 1; i <= Number(runs); i++) {
  const at = first + i * 1_500_000;
  const isFailed = i % 17 === 0;
  const id = `${i.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  insert.run(
    id,
    `made-up-${i}`,
    isFailed ? "Failed" : "Completed",
    i % 9 ? "schedule" : "cli",
    at,
    at + 4000 + (i % 900),
    isFailed ? "dbt_failed" : null,
  );
}
database.exec(`
  insert into tasks (run_no, position, name, state, attempts, started_at, ended_at)
    select no, value, 'task ' || value, 'Completed', 1, started_at, ended_at from runs, (select 1 as value union select 2 union select 3 union select 4 union select 5 union select 6);
  insert into attempts (run_no, task, number, state, started_at, ended_at) select run_no, name, 1, state, started_at, ended_at from tasks;
  with recursive line(seq) as (select 1 union all select seq + 1 from line where seq < ${Number(lines)})
  insert into logs select no, seq, started_at + seq, case seq % 10 when 0 then 30 else 20 end, 'task ' || (1 + seq % 6), 'dbt.output',
    '{"level":"info","text":"made-up line ' || seq || '"}' from runs, line;
  commit`);
database.close();
