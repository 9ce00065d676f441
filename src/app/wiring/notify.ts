import { hostname } from "node:os";
import type { Config } from "../../config/config.ts";
import type { Notices } from "../../history/history.ts";
import { type Channel, channelsOf, pingDeadMan } from "../../notify/channels.ts";
import { type Delivery, deliver } from "../../notify/deliver.ts";
import type { MessageOrigin } from "../../notify/notice.ts";
import { Notifier } from "../../notify/notifier.ts";
import { readableSecretFiles, secretValues, shortSecrets } from "../../notify/secret.ts";
import type { EventFacts } from "../../run/events.ts";
import { hasShortSecret, redactor, shortestSecret } from "../../run/redact.ts";
import { systemClock } from "../../runtime/local/clock.ts";
import { historyOf } from "../home/runs.ts";

/** Receives what became of each notice. `nextAt` is when it is tried again, in epoch milliseconds; null where it is not. */
export type OnDelivery = (kind: string, delivery: Delivery, nextAt: number | null) => void;

/** What a dead-man switch is told. */
export type Ping = "start" | "success" | "fail";

/** Who is notified, wired. No error that comes of it has a secret. */
export type NotifyWiring = {
  /** Whether anybody is to be notified at all. */
  isConfigured: boolean;
  /** Where messages come from. */
  origin: MessageOrigin;
  channels(): Channel[];
  /** Sends through one channel, three times at most. Never rejects. */
  deliver(channel: string, send: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<Delivery>;
  /** Pings the dead-man switch; null where there is none. */
  ping: ((ping: Ping, text: string, signal: AbortSignal) => Promise<Delivery>) | null;
  /** Opens a notifier as long as `use` takes; the notices of the home, where they can be opened. Never rejects. */
  withNotifier(
    onDelivery: OnDelivery,
    use: (notifier: Notifier, notices: Notices | null) => Promise<void>,
  ): Promise<void>;
};

export function wireNotify({ notify, env, home }: Config): NotifyWiring {
  const redact = redactor(secretValues(notify, env));
  const plain = (delivery: Delivery): Delivery => {
    const { error } = delivery;
    return { ...delivery, error: error === null ? null : redact(error) };
  };
  const { deadMan, on, ...channels } = notify;
  const origin = { host: hostname(), home };
  const send: NotifyWiring["deliver"] = async (channel, by, signal) =>
    plain(await deliver(channel, by, systemClock, signal));
  return {
    isConfigured: [deadMan, ...Object.values(channels)].some((channel) => channel !== undefined),
    origin,
    channels: () => channelsOf(notify, env),
    deliver: send,
    ping:
      deadMan === undefined
        ? null
        : (ping, text, signal) => send("deadMan", (by) => pingDeadMan(deadMan, env, ping, text, by), signal),
    async withNotifier(onDelivery, use) {
      let notices: Notices | null = null;
      try {
        notices = await historyOf(home).notices();
      } catch {
        // The run has said that its history cannot be used; people are notified of failures all the same.
      }
      try {
        const notifier = new Notifier({
          ...{ outbox: notices, channels: channelsOf(notify, env), on, place: origin, clock: systemClock },
          onDelivery: (kind, delivery, nextAt) => onDelivery(kind, plain(delivery), nextAt),
        });
        await use(notifier, notices);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        onDelivery("history", plain({ channel: "history", attempts: 1, error: reason }), null);
      } finally {
        notices?.close();
      }
    },
  };
}

/** The values that no text may show. */
export function notifySecrets({ notify, env }: Config): string[] {
  return secretValues(notify, env);
}

/** What is wrong with the secrets: one is too short to be kept out of texts, or others may read its file. */
export function secretWarnings({ notify, source, env }: Config): EventFacts[] {
  const short = [
    ...(hasShortSecret(source) ? ["the address of the source"] : []),
    ...shortSecrets(notify, env, shortestSecret),
  ];
  return [
    ...short.map((place): EventFacts => ({ type: "secret.short", place, least: shortestSecret })),
    ...readableSecretFiles(notify).map((path): EventFacts => ({ type: "secret.readable", path })),
  ];
}
