import { existsSync, readFileSync, statSync } from "node:fs";
import { wrong } from "../usage-error.ts";

/** The token that whoever asks from elsewhere must know. Throws `usage` where the file has none. */
export function readToken(file: string): string {
  const token = readOrNothing(file).trim();
  if (/^[\x20-\x7e]{16,}$/.test(token)) return token;
  throw wrong(
    `${file} is not a file with a token: 16 to ${mostTokenBytes} letters, digits and signs in one line.`,
    existsSync(file)
      ? "Name another file with --token-file. To make one: (umask 077; head -c 24 /dev/urandom | base64 > token)"
      : `Make one: (umask 077; head -c 24 /dev/urandom | base64 > ${JSON.stringify(file)})`,
    "Nothing was started.",
  );
}

/** What the form of the login page takes, less its field's name. */
const mostTokenBytes = 1000;

/** A small file, or what a pipe gives; nothing of a device, which may have no end, or of a large file that was named by mistake. */
function readOrNothing(file: string): string {
  try {
    const stats = statSync(file);
    const isSmall = stats.isFile() && stats.size <= mostTokenBytes;
    return isSmall || stats.isFIFO() ? readFileSync(file, "utf8") : "";
  } catch {
    return ""; // said by the caller
  }
}
