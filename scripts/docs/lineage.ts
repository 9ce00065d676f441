import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type * as z from "zod";
import { type DbtManifest, manifestSchema, readManifest } from "../../src/transform/manifest.ts";
import { dbtVariables } from "../../src/transform/variables.ts";
import { lineage as lineageSchema } from "../../src/web/contract.ts";
import { dbtPackages } from "./dbt-packages.ts";

type Node = {
  resource_type: string;
  name: string;
  source_name?: string;
  description: string;
  columns: Record<string, { name: string; data_type: string | null; description: string }>;
  depends_on?: { nodes: string[] };
  raw_code?: string;
};

/** src/web/server/api/lineage.json: what dbt's manifest says of models, seeds and sources, as far as a page shows it. */
export async function lineage(): Promise<string> {
  const target = mkdtempSync(join(tmpdir(), "pipeline-lineage-"));
  try {
    const python = join(dirname(dirname(dirname(await dbtPackages()))), "bin", "python");
    const env = dbtVariables({
      ...{ projectDir: "dbt", targetDir: target },
      warehouse: { PIPELINE_DBT_DATABASE: join(target, "cfpb_complaints.duckdb") },
      ...{ memoryLimit: "512MB", threads: 1, env: process.env as Record<string, string> },
    });
    const parse =
      "import sys\nfrom dbt.cli.main import dbtRunner\nsys.exit(0 if dbtRunner().invoke(['parse', '--write-json', '--quiet']).success else 1)";
    const { status, stderr } = spawnSync(python, ["-I", "-c", parse], { env, encoding: "utf8", timeout: 120_000 });
    if (status !== 0) throw new Error(`dbt parse failed: ${stderr}`);
    const manifest = JSON.parse(readFileSync(join(target, "manifest.json"), "utf8")) as {
      nodes: Record<string, Node>;
      sources: Record<string, Node>;
    };
    const { checks } = readManifest(manifestSchema.parse(manifest));
    return `${JSON.stringify(entries({ ...manifest.nodes, ...manifest.sources }, checks), null, 1)}\n`;
  } finally {
    rmSync(target, { recursive: true });
  }
}

function entries(nodes: Record<string, Node>, checks: DbtManifest["checks"]): z.infer<typeof lineageSchema> {
  const shown = Object.entries(nodes).filter(([, { resource_type: type }]) => /^(model|seed|source)$/.test(type));
  const nameOf = ({ name, source_name }: Node) => (source_name === undefined ? name : `${source_name}.${name}`);
  const found = shown.map(([, node]) => ({
    name: nameOf(node),
    kind: node.resource_type as "model" | "seed" | "source",
    description: node.description.trim(),
    columns: Object.values(node.columns).map(({ name, data_type, description }) => ({
      ...{ name, type: data_type ?? "", description: description.trim() },
    })),
    from: (node.depends_on?.nodes ?? [])
      .flatMap((from) => (nodes[from] === undefined ? [] : [nameOf(nodes[from])]))
      .sort(),
    tests: [...checks.values()]
      .flatMap(({ model, checks: some }) => (model === nameOf(node) ? some.map(({ name }) => name) : []))
      .sort(),
    sql: node.raw_code ?? "",
  }));
  return lineageSchema.parse(found.sort((a, b) => a.name.localeCompare(b.name)));
}
