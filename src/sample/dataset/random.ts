/**
 * Reproducible chance: 32-bit integer mixing, the same on every machine and in every version. A draw depends on its key
 * and its purpose only, so that no row is moved by another one, by a later end day or by another company.
 */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** A key out of a key and a number. */
export function keyed(key: number, number: number): number {
  return mix(key ^ mix(number + 0x9e3779b9));
}

/** The key of a text (FNV-1a, then mixed). */
export function keyOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** An integer in [0, below). `below` is at most 2 ** 21. */
export function draw(key: number, purpose: number, below: number): number {
  return Math.floor((keyed(key, purpose) * below) / 2 ** 32);
}

const slots = 1024;

/** A choice among weighted numbers: a table of 1,024 slots. Every weight above 0 gets at least one. */
export class Weighted {
  readonly #table = new Uint16Array(slots);

  /** `weights[i]` is the weight of `i`; at least one is above 0. */
  constructor(weights: readonly number[]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const kept = weights.map((weight, i) => ({ i, weight })).filter(({ weight }) => weight > 0);
    let slot = 0;
    let sum = 0;
    for (const [n, { i, weight }] of kept.entries()) {
      sum += weight;
      const left = kept.length - 1 - n;
      const end = Math.min(Math.max(Math.round((sum / total) * slots), slot + 1), slots - left);
      this.#table.fill(i, slot, end);
      slot = end;
    }
    this.#table.fill(kept.at(-1)?.i ?? 0, slot);
  }

  pick(key: number, purpose: number): number {
    return this.#table[draw(key, purpose, slots)] ?? 0;
  }
}
