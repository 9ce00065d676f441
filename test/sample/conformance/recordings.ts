import { readFileSync } from "node:fs";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";

export type Recorded = { method: string; path: string; query?: string; headers: Record<string, string> };

export type Conversation = {
  name: string;
  topic: string;
  request: Recorded;
  status: number;
  headers: Record<string, string>;
  body: unknown;
  truncated?: boolean;
  origin?: string;
  compare?: { order?: boolean; scores?: boolean; no_highlight?: boolean; ignore_source?: string[] };
  before?: (Recorded & { repeat: number; status: number })[];
  change?: { start?: boolean; indexed_at: string; index: unknown[]; delete: string[]; reindex: boolean };
};

export function readText(name: string): string {
  return gunzipSync(readFileSync(new URL(`./${name}.gz`, import.meta.url))).toString();
}

/** The conversations of a file, its heading left out. */
export function readConversations(name: string): Conversation[] {
  const lines = readText(name).split("\n").filter(Boolean);
  return lines.slice(1).map((line) => JSON.parse(line) as Conversation);
}

export type Answered = { status: number; headers: Record<string, string>; text: string; truncated: boolean };

/** Sends a recorded request, byte for byte and with no other headers than its own. */
export function send(origin: string, recorded: Recorded): Promise<Answered> {
  const { hostname, port } = new URL(origin);
  const path = recorded.query ? `${recorded.path}?${recorded.query}` : recorded.path;
  return new Promise((resolve, reject) => {
    const { method, headers } = recorded;
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      const finish = (truncated: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          text: Buffer.concat(chunks).toString(),
          truncated,
        });
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => finish(false));
      response.on("error", () => finish(true));
    });
    asked.on("error", reject);
    asked.end();
  });
}
