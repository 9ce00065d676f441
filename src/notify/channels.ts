import { createHmac } from "node:crypto";
import { sendCommand } from "./command.ts";
import { post } from "./http.ts";
import type { Message } from "./notice.ts";
import { resolveSecret } from "./secret.ts";
import type { NotifySettings } from "./settings.ts";

/** A way to reach somebody. `send` throws an Error that says why it failed. */
export type Channel = { name: string; send(message: Message, signal: AbortSignal): Promise<void> };

type Env = Readonly<Record<string, string>>;

/** The configured channels. Secrets are looked up when something is sent: a missing one is that channel's failure. */
export function channelsOf({ webhook, slack, email, command }: NotifySettings, env: Env): Channel[] {
  const channels: Channel[] = [];
  if (webhook !== undefined)
    channels.push({ name: "webhook", send: (...message) => sendWebhook(webhook, env, ...message) });
  if (slack !== undefined) {
    channels.push({
      name: "slack",
      send: (message, signal) =>
        post(resolveSecret(slack.url, env), JSON.stringify(slackBody(message)), json, env, signal),
    });
  }
  if (email !== undefined) {
    channels.push({
      name: "email",
      send: async (...message) => (await import("./email.ts")).sendMail(email, env, ...message),
    });
  }
  if (command !== undefined)
    channels.push({ name: "command", send: (...message) => sendCommand(command, env, ...message) });
  return channels;
}

const json = { "content-type": "application/json" };

/**
 * The message as JSON, signed as Standard Webhooks has it (https://www.standardwebhooks.com): HMAC-SHA256 over
 * `id.timestamp.body`, so that the receiver knows who sent it and when. The id is the same for every attempt.
 */
async function sendWebhook(
  { url, secret }: NonNullable<NotifySettings["webhook"]>,
  env: Env,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify(message);
  const headers: Record<string, string> = { ...json, "webhook-id": message.id };
  if (secret !== undefined) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    headers["webhook-timestamp"] = timestamp;
    headers["webhook-signature"] = signatureOf(resolveSecret(secret, env), message.id, timestamp, body);
  }
  await post(resolveSecret(url, env), body, headers, env, signal);
}

/** `whsec_` and base64, as the standard writes keys, or any text. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** What Slack's incoming webhooks take; &, < and > are its own marks. */
function slackBody(message: Message): object {
  const plain = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const cut = (text: string) => (text.length > 2900 ? `${text.slice(0, 2899)}…` : text);
  const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text: cut(text) } });
  return {
    text: plain(message.title),
    blocks: [
      section(`*${plain(message.title)}*\n${plain(message.what)}`),
      section(`*Data:* ${plain(message.data)}\n*Next:* ${plain(message.next)}`),
      { type: "context", elements: [{ type: "mrkdwn", text: cut(plain(`${message.home} on ${message.host}`)) }] },
    ],
  };
}

/** Tells a dead-man switch that the nightly run began, ended well, or failed: the path as healthchecks.io and its kin have it. */
export async function pingDeadMan(
  reference: string,
  env: Env,
  what: "start" | "success" | "fail",
  text: string,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(resolveSecret(reference, env));
  if (what !== "success") url.pathname = `${url.pathname.replace(/\/$/, "")}/${what}`;
  await post(url.href, text, { "content-type": "text/plain; charset=utf-8" }, env, signal);
}
