import { pipeline, type Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";

/** A file is no zip, was cut short, or has other bytes than went into it. */
export class DamagedFile extends Error {}

/** The one CSV file in a zip, for as long as it is open. */
export type ZippedCsv = {
  /** Bytes of it, unpacked. */
  bytes: number;
  /** The bytes, unpacked. Throws {@link DamagedFile} where they end early, or are not those that went in. */
  read(): AsyncGenerator<Buffer, void, void>;
  close(): void;
};

const deflated = 8;
/** Bytes that are unpacked at once. */
const unpackedAtOnce = 1024 * 1024;

/** Opens a zip. Throws {@link DamagedFile} where it is none or has not one CSV file, and the system's error where it cannot be read. */
export async function openZippedCsv(path: string): Promise<ZippedCsv> {
  const zip = await unlessDamaged(openPromise(path, { autoClose: false, validateEntrySizes: false }));
  try {
    const entry = await unlessDamaged(findCsv(zip));
    return { bytes: entry.uncompressedSize, read: () => readEntry(zip, entry), close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function findCsv(zip: ZipFile): Promise<Entry> {
  const found: Entry[] = [];
  for await (const entry of zip.eachEntry()) {
    const isOfSystem = entry.fileName.startsWith("__MACOSX/");
    if (!isOfSystem && /\.csv$/i.test(entry.fileName)) found.push(entry);
  }
  const [entry, ...others] = found;
  if (entry === undefined || others.length > 0) throw new DamagedFile(`it has ${found.length} CSV files, and not one`);
  if (entry.isEncrypted()) throw new DamagedFile("it is encrypted");
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== deflated)
    throw new DamagedFile(`it is packed in a way that is not known (${entry.compressionMethod})`);
  return entry;
}

async function* readEntry(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer, void, void> {
  let crc = 0;
  let bytes = 0;
  for await (const chunk of unpack(zip, entry)) {
    crc = crc32(chunk, crc);
    bytes += chunk.length;
    yield chunk;
  }
  if (bytes !== entry.uncompressedSize)
    throw new DamagedFile(`it has ${bytes} bytes in place of ${entry.uncompressedSize}`);
  if (crc !== entry.crc32) throw new DamagedFile("its check sum (CRC-32) is not that of its bytes");
}

async function* unpack(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer, void, void> {
  const raw = await unlessDamaged(zip.openReadStreamPromise(entry, { decodeFileData: false }));
  const isPacked = entry.compressionMethod === deflated;
  const unpacked: Readable = isPacked
    ? pipeline(raw, createInflateRaw({ chunkSize: unpackedAtOnce }), () => undefined)
    : raw;
  const chunks = unpacked[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    let next = await unlessDamaged(chunks.next());
    for (; !next.done; next = await unlessDamaged(chunks.next())) yield next.value;
  } finally {
    unpacked.destroy();
    raw.destroy();
  }
}

/** What is not the system's error is the file's. */
async function unlessDamaged<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const isOfSystem = error instanceof Error && "syscall" in error;
    throw isOfSystem || error instanceof DamagedFile
      ? error
      : new DamagedFile((error as Error).message, { cause: error });
  }
}
