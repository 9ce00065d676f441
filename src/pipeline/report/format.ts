/** `1,234`. */
export function formatCount(number: number): string {
  return number.toLocaleString("en-US");
}

/** `1 row`, `2,000 rows`. */
export function plural(number: number, word: string): string {
  return `${formatCount(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** `0.4 s`, `12 s`, `3 min 20 s`, `1 h 05 min`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

export function formatBytes(number: number): string {
  if (number < 1e6) return `${(number / 1e3).toFixed(0)} kB`;
  if (number < 1e9) return `${(number / 1e6).toFixed(0)} MB`;
  return `${(number / 1e9).toFixed(1)} GB`;
}

/** A text without anything that a terminal obeys: control characters are shown as `\\x1b`. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (letter) => {
    const code = letter.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** A word as the shell takes it, whatever it holds. */
export function shellQuote(word: string): string {
  return /^[\w@./:=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
