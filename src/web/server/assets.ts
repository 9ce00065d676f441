import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { pageAt } from "../pages.ts";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

type Asset = { type: string; plain: Buffer; gzip: Buffer; br: Buffer; immutable: boolean };

/** The built pages, read once: no path of a request reaches the file system. */
export class Assets {
  readonly #files = new Map<string, Asset>();

  constructor(folder: string = uiFolder) {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const plain = readFileSync(path);
      const name = `/${relative(folder, path)}`;
      this.#files.set(name, {
        ...{ type: types[extname(path)] ?? "application/octet-stream", plain, gzip: gzipSync(plain) },
        br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
        // Their names hold a hash of what is in them.
        immutable: name.startsWith("/assets/"),
      });
    }
  }

  /** Answers GET and HEAD with a file, or with the one page for the addresses of pages; false where there is neither. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const asset = this.#files.get(pageAt(path) === null ? path : "/index.html");
    if (asset === undefined) return false;
    const accepted = String(request.headers["accept-encoding"] ?? "");
    const takes = (name: string) => new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted);
    const encoding = takes("br") ? "br" : takes("gzip") ? "gzip" : null;
    const body = encoding === null ? asset.plain : asset[encoding];
    response.writeHead(200, {
      "content-type": asset.type,
      "content-length": body.length,
      vary: "accept-encoding",
      "cache-control": asset.immutable ? "public, max-age=31536000, immutable" : "no-store",
      ...(encoding === null ? {} : { "content-encoding": encoding }),
    });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  }
}

/** Built into `dist/ui`, whether this file runs from there or from its source. */
const uiFolder = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../dist/ui" : "../../ui", import.meta.url),
);
