import { dayMs, dayText } from "../dataset/clock.ts";

/**
 * Puts text together as bytes. A page of 10,000 rows is 6 MB of some 200,000 pieces: as strings, half of its time would go
 * into collecting them.
 */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(size = 1024 * 1024) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** Bytes that are JSON already. */
  raw(piece: Uint8Array): void {
    this.#reserve(piece.length);
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
  }

  /** A short text of ASCII characters. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** A whole number from 0 on. */
  digits(number: number): void {
    this.#reserve(16);
    let digits = 1;
    for (let limit = 10; number >= limit; limit *= 10) digits++;
    let rest = number;
    for (let i = this.#length + digits - 1; i >= this.#length; i--) {
      const next = Math.floor(rest / 10);
      this.#bytes[i] = 48 + rest - next * 10;
      rest = next;
    }
    this.#length += digits;
  }

  /** `2025-06-30T23:59:58.000Z`. */
  instant(ms: number): void {
    const day = Math.floor(ms / dayMs);
    const rest = ms - day * dayMs;
    this.day(day);
    this.#reserve(14);
    const at = this.#length;
    const bytes = this.#bytes;
    const seconds = Math.floor(rest / 1000);
    bytes[at] = 84; // T
    this.#two(at + 1, Math.floor(seconds / 3600));
    bytes[at + 3] = 58; // :
    this.#two(at + 4, Math.floor(seconds / 60) % 60);
    bytes[at + 6] = 58;
    this.#two(at + 7, seconds % 60);
    bytes[at + 9] = 46; // .
    const thousandths = rest % 1000;
    bytes[at + 10] = 48 + Math.floor(thousandths / 100);
    this.#two(at + 11, thousandths % 100);
    bytes[at + 13] = 90; // Z
    this.#length += 14;
  }

  /** `2025-06-30` of a day number. */
  day(day: number): void {
    let text = days.get(day);
    if (text === undefined) {
      text = Buffer.from(dayText(day));
      days.set(day, text);
    }
    this.raw(text);
  }

  /** What was written; the writer must not be used after it. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #two(at: number, number: number): void {
    const tens = Math.floor(number / 10);
    this.#bytes[at] = 48 + tens;
    this.#bytes[at + 1] = 48 + number - tens * 10;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

const days = new Map<number, Buffer>();
