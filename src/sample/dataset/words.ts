/** The values of one field: code 0 is null, every other code a text. */
export interface Words {
  /** Number of codes, code 0 included. */
  readonly size: number;
  text(code: number): string | null;
  /** The text as JSON, made once. */
  json(code: number): string;
  /** The code of a text, undefined where no row can have it. */
  code(text: string): number | undefined;
}

/** Values that are all known, or become known one by one. */
export class Dictionary implements Words {
  readonly #texts: (string | null)[] = [null];
  readonly #json: string[] = ["null"];
  readonly #codes = new Map<string, number>();

  constructor(texts: Iterable<string> = []) {
    for (const text of texts) this.add(text);
  }

  /** The code of a text (0 for null), a new one where it is new. */
  add(text: string | null): number {
    if (text === null) return 0;
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = this.#texts.length;
    this.#texts.push(text);
    this.#json.push(JSON.stringify(text));
    this.#codes.set(text, code);
    return code;
  }

  get size(): number {
    return this.#texts.length;
  }

  text(code: number): string | null {
    return this.#texts[code] ?? null;
  }

  json(code: number): string {
    return this.#json[code] ?? "null";
  }

  code(text: string): number | undefined {
    return this.#codes.get(text);
  }
}

const wholeCodes = 100_000;
const maskedCodes = 1_000;
const hidden = 1 + wholeCodes + maskedCodes;

/** ZIP codes: five digits, the first three and `XX`, or `XXXXX`. Their texts are made when asked for. */
export const zipCodes: Words & { whole(digits: number): number; masked(digits: number): number; hidden: number } = {
  size: hidden + 1,
  hidden,
  whole: (digits) => 1 + digits,
  masked: (digits) => 1 + wholeCodes + digits,
  text(code) {
    if (code === 0) return null;
    if (code === hidden) return "XXXXX";
    if (code > wholeCodes) return `${String(code - 1 - wholeCodes).padStart(3, "0")}XX`;
    return String(code - 1).padStart(5, "0");
  },
  json(code) {
    return code === 0 ? "null" : `"${this.text(code)}"`;
  },
  code(text) {
    if (text === "XXXXX") return hidden;
    const masked = /^(\d{3})XX$/.exec(text);
    if (masked) return this.masked(Number(masked[1]));
    return /^\d{5}$/.test(text) ? this.whole(Number(text)) : undefined;
  },
};
