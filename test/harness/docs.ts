import { readFileSync } from "node:fs";

/** The fenced blocks of a language in a document. */
export function blocksOf(file: string, language: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, block]) => block!);
}
