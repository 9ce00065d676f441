import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Records `pipeline demo` in a terminal of its own and draws what it printed as docs/demo.svg: `node scripts/docs/demo-picture.ts`. */
const folder = mkdtempSync(join(tmpdir(), "pipeline-picture-"));
const bin = join(folder, "pipeline");
writeFileSync(bin, `#!/bin/sh\nexec '${process.execPath}' '${join(process.cwd(), "src/main.ts")}' "$@"\n`, {
  mode: 0o755,
});
const { CI: _, NO_COLOR: __, ...env } = process.env;
const printed = execFileSync("script", ["-qec", "stty cols 120; pipeline demo --no-serve", "/dev/null"], {
  ...{ cwd: folder, encoding: "utf8", input: "", timeout: 300_000 },
  env: { ...env, TERM: "xterm-256color", PATH: `${folder}:${process.env.PATH}` },
});
rmSync(folder, { recursive: true });

const lines = ["$ pipeline demo", ...printed.trimEnd().split(/\r?\n/)];
const [width, height, line] = [8.4, 18, 14];
const columns = Math.max(...lines.map((text) => plain(text).length));
const size = `${Math.ceil(columns * width + 40)} ${lines.length * height + 40}`;
const [w, h] = size.split(" ");
const rows = lines.map((text, i) => `<text x="20" y="${20 + line + i * height}">${colored(text)}</text>`);
writeFileSync(
  "docs/demo.svg",
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" width="${w}" height="${h}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${line}" fill="#d8dee9">
<title>pipeline demo: a week of nights in a terminal</title>
<rect width="100%" height="100%" rx="8" fill="#1b1f27"/>
${rows.join("\n")}
</svg>
`,
);

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  return text.replaceAll(/\u001b\[[0-9;]*m/g, "");
}

/** The terminal's colors that this program uses, as SVG. */
function colored(text: string): string {
  const fills: Record<string, string> = { 31: "#f7768e", 32: "#9ece6a", 2: "#8a93a6" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  const parts = text.split(/\u001b\[([0-9;]*)m/);
  let fill: string | undefined;
  return parts
    .map((part, i) => {
      if (i % 2 === 1) fill = fills[part];
      const shown = i % 2 === 1 ? "" : escaped(part);
      return shown === "" || fill === undefined ? shown : `<tspan fill="${fill}">${shown}</tspan>`;
    })
    .join("");
}

/** Spaces that are not drawn as one. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");
}
