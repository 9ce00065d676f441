import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { checksOf, commandForRows, failureTexts } from "../../src/pipeline/report/checks.ts";
import type { DbtNode } from "../../src/run/events.ts";
import { testContext } from "../harness/context.ts";
import { copyOfProject, ownDbt, testTransform } from "../harness/dbt.ts";
import { complaint, copyOfFile, query, testWarehouse } from "../harness/warehouse.ts";

/** A model of five rows in which each type of check finds something, and each has a sibling that finds nothing. */
const rows = `select * from (values
  (1, 'a', 'x', null, 'one', 10), (2, 'b', 'x', 'one', 'two', 20), (3, 'b', null, 'three', 'it''s', 30), (4, null, null, 'four', 'five', 40),
  (4, 'c', 'y', 'five', 'six', 50)
) as t(id, word, part, begins, ends, day)`;
const checks = `
  - not_null: {column: word}
  - not_null: {column: day}
  - not_null: {name: days_of_words, column: day, where: word is not null}
  - not_null: {name: parts_of_words, column: part, where: word = 'b'}
  - unique: {column: word}
  - unique: {column: day}
  - unique_together: {columns: [id, part]}
  - unique_together: {columns: [part, begins, day]}
  - unique_together: {name: same_part, columns: [part], where: "id in (3, 4)"}
  - accepted_values: {column: word, values: [a, b]}
  - accepted_values: {column: ends, values: [one, two, "it's", five, six]}
  - expression: {name: early, expression: "day < 40", severity: warn}
  - expression: {name: dated, expression: "day < 400", severity: warn}
  - relationships: {column: part, to: ref('others'), field: name}
  - relationships: {column: word, to: ref('others'), field: letter}
  - covers: {column: part, of: ref('others'), field: name}
  - covers: {name: covers_numbers, column: id, of: ref('others'), field: number}
  - not_after: {column: day, of: ref('others'), field: last_day, of_where: "number < 3", key: id}
  - not_after: {name: not_after_any, column: id, of: ref('others'), field: last_day, of_where: "true", key: id}
  - continues: {column: begins, after: ends, partition_by: [part], order_by: day}
  - accepted_values: {column: id, values: [1, 2, 3, 4]}
  - expression: {name: "it's braced", expression: "ends not like '%{% raw %}{{ x }}{% endraw %}%'"}
  - continues: {name: continues_alone, column: begins, after: ends, partition_by: [day], order_by: day}
`;
const others =
  "select * from (values (1, 1, 'x', 'a', 99), (2, 2, 'z', 'b', 15), (3, 3, null, 'c', 9)) as t(number, id, name, letter, last_day)";

const count = checks.trim().split("\n").length;

/** The project with the model `odd` and what it is compared with. */
function projectWith(list: string): string {
  const projectDir = copyOfProject();
  const lines = list
    .trim()
    .split("\n")
    .map((line) => `              ${line.trim()}`);
  writeFileSync(join(projectDir, "models/marts/others.sql"), others);
  writeFileSync(join(projectDir, "models/marts/odd.sql"), rows);
  writeFileSync(
    join(projectDir, "models/marts/after_odd.sql"),
    "select * from {{ ref('odd') }} cross join {{ ref('others') }}",
  );
  writeFileSync(
    join(projectDir, "models/marts/odd.yml"),
    ["models:", "  - name: odd", "    data_tests:", "      - checks:", "          name: checks_odd"]
      .concat(["          arguments:", "            key: id", "            checks:", ...lines, ""])
      .join("\n"),
  );
  return projectDir;
}

describe("the checks of a model", () => {
  let database: string;
  before(async () => {
    const { path, warehouse, load } = testWarehouse();
    await load([complaint("1")]);
    await warehouse.close();
    database = path;
  });
  const expected = [
    ["not_null_word", "fail", 1, "4"],
    ["parts_of_words", "fail", 1, "3"],
    ["unique_word", "fail", 1, "b"],
    ["same_part", "fail", 1, null],
    ["accepted_values_word", "fail", 1, "4"],
    ["early", "warn", 2, "4"],
    ["relationships_part", "fail", 1, "4"],
    ["covers_part", "fail", 1, "z"],
    ["not_after_day", "fail", 1, "2"],
    ["continues_begins", "fail", 1, null],
  ];

  it("are one node, which tells of each check that fails, its rows and the SQL that shows them", async () => {
    const path = copyOfFile(database);
    const told: DbtNode[] = [];
    const report = testContext().report;
    const { state, failed, failures, warnings, tests, nodes } = await testTransform(path, {
      projectDir: projectWith(checks),
    }).build({
      ...testContext(),
      report: (event) => {
        if (event.type === "dbt.node") told.push(event.node);
        report(event);
      },
    });
    const [node] = failed;
    assert.deepEqual([state, failed.length, node?.model, node?.status], ["Failed", 1, "odd", "fail"]);
    const found = node!.checks.flatMap(({ name, status, found }) =>
      found === null ? [] : [[name, status, found.rows, found.example]],
    );
    assert.deepEqual(found, expected);
    assert.equal(node!.checks.length, count);
    assert.ok(node!.checks.every(({ status, found }) => found !== null || status === "pass"));
    assert.deepEqual([failures, warnings, tests], [9, 1, checksOf(nodes)]);
    assert.equal(node!.checks.find(({ name }) => name === "early")?.column, null);
    assert.equal(node!.checks.find(({ name }) => name === "parts_of_words")?.column, "part");
    for (const { found } of node!.checks) {
      if (found !== null) assert.equal((await query(path, found.sql)).length, found.rows, found.sql);
    }
    assert.match(
      commandForRows(failed) ?? "",
      /^pipeline dbt -- show --limit 100 --inline 'select id, word, \* exclude \(id, word\) from "marts"."odd" where word is null'$/,
    );
    // What depends on the model waits for its checks.
    assert.equal(nodes.find(({ name }) => name === "after_odd")?.status, "skipped");
    assert.deepEqual(
      told.find(({ id }) => id === node!.id),
      node,
    );
  });

  it("are counted where a dbt of the user's own builds", async () => {
    const { state, failed, failures, nodes, marts } = await testTransform(copyOfFile(database), {
      ...{ dbt: ownDbt(), projectDir: projectWith(checks) },
    }).build(testContext());
    assert.deepEqual([state, failed.length, failures, marts.includes("odd")], ["Failed", 1, 10, true]);
    assert.deepEqual(failed.flatMap(failureTexts), [`10 of ${count} checks of odd failed`]);
    const passed = nodes.find(({ model }) => model === "dim_states");
    assert.ok(passed !== undefined && passed.checks.length > 2);
    assert.ok(passed.checks.every(({ status }) => status === "pass"));
  });
});
