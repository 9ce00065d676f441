import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

/** A zip of some texts by their names. `isLarge`: sizes are written in 64 bits, as for a file of over 4 GB. */
export async function zipOf(
  files: Readonly<Record<string, string>>,
  options: { isLarge?: boolean; isStored?: boolean } = {},
): Promise<Buffer> {
  const { isLarge = false, isStored = false } = options;
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(text), name, { compress: !isStored, forceZip64Format: isLarge });
  }
  zip.end({ forceZip64Format: isLarge, comment: "" });
  return buffer(zip.outputStream);
}
