import { readFile, writeFile } from "node:fs/promises";

const replacement = "\\ufffd";

/**
 * Writes a page again in which some text is none, though the page is whole: half of a surrogate pair, bytes that are no UTF-8, a byte order
 * mark, a control character without its escape. U+FFFD takes the place of what cannot be read. Other readers of JSON take all of these;
 * DuckDB's refuses the page for one of them. False where nothing is of that kind.
 */
export async function repairPage(file: string): Promise<boolean> {
  const bytes = await readFile(file);
  // A byte order mark is left out, and bytes that are no UTF-8 become U+FFFD.
  const text = new TextDecoder().decode(bytes);
  const repaired = text.replace(/"[^"\\]*(?:\\[\s\S][^"\\]*)*"/g, repairText);
  if (Buffer.from(repaired).equals(bytes)) return false;
  await writeFile(file, repaired);
  return true;
}

/** A pair of surrogates, one alone, any other escape, a control character. */
const odd = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\[\s\S]|\p{Cc}/gu;

function repairText(text: string): string {
  return text.replace(odd, (found) => {
    if (found.length === 1) return `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return /^\\u[dD][89a-fA-F]..$/.test(found) ? replacement : found;
  });
}
