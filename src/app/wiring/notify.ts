import { hostname } from "node:os";
import type { Config } from "../../config/config.ts";
import { Notices } from "../../history/notices.ts";
import { type Channel, channelsOf, pingDeadMan } from "../../notify/channels.ts";
import { type Delivery, deliver } from "../../notify/deliver.ts";
import { type Message, type Place, testMessage } from "../../notify/notice.ts";
import { type LateSchedule, Notifier } from "../../notify/notifier.ts";
import { openSecrets, secretValues, shortSecrets } from "../../notify/secret.ts";
import type { RunReport } from "../../pipeline/report/report.ts";
import type { Warning } from "../../pipeline/report/warnings.ts";
import type { EventFacts, Report } from "../../run/events.ts";
import { hasShortSecret, redactor, shortestSecret } from "../../run/redact.ts";
import { runName } from "../../run/run-name.ts";
import { systemClock } from "../../runtime/local/clock.ts";
import { historyFile } from "../runs.ts";

/** Receives what became of each notice. `nextAt` is when it is tried again, in epoch milliseconds; null where it is not. */
export type OnDelivery = (kind: string, delivery: Delivery, nextAt: number | null) => void;

const deadManMs = 25_000;

/** Warnings that stay until somebody acts, or the source does. */
const notifiedWarnings: readonly Warning["code"][] = [
  "name_vanished",
  "name_equal",
  "name_equal_gone",
  "field_emptied",
  "response_unknown",
];

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
    ...openSecrets(notify).map((path): EventFacts => ({ type: "secret.readable", path })),
  ];
}

/** What a run tells people. Nothing of it changes the run's result. */
export class RunNotices {
  readonly #config: Config;
  readonly #trigger: string;
  readonly #report: Report;
  #early: Promise<unknown> | undefined;
  #failed = false;

  constructor(config: Config, trigger: string, report: Report) {
    this.#config = config;
    this.#trigger = trigger;
    this.#report = report;
  }

  /** The run has begun: pings the dead-man switch, and tells what earlier runs could not, beside its work. */
  began(signal: AbortSignal): void {
    if (!isConfigured(this.#config)) return;
    this.#early = Promise.all([
      this.#ping("start", "", signal),
      sendPendingNotices(this.#config, [], this.#onDelivery, signal),
    ]);
  }

  /** The run is over and its history written. Never rejects. */
  async ended(document: RunReport, signal: AbortSignal): Promise<void> {
    if (!isConfigured(this.#config)) return;
    const { runId: id, state, error, startedAt, endedAt } = document;
    const task = (to: "Running" | "Completed" | "Failed") =>
      this.#report({ type: "task.state", task: "notify", state: to, attempt: 1 });
    task("Running");
    await this.#early;
    const run = {
      ...{ id, name: runName(id), state, trigger: this.#trigger, startedAt, endedAt },
      ...{ errorCode: error?.code ?? null, error, report: document },
      warnings: document.warnings.filter(({ code }) => notifiedWarnings.includes(code)).map(({ message }) => message),
    };
    const isRefused = error?.code === "warehouse_locked";
    await Promise.all([
      isRefused ? null : this.#ping(state === "Completed" ? "success" : "fail", error?.message ?? state, signal),
      withNotifier(this.#config, this.#onDelivery, (notifier) => notifier.runEnded(run, run, signal)),
    ]);
    task(this.#failed ? "Failed" : "Completed");
  }

  readonly #onDelivery: OnDelivery = (kind, { channel, attempts, error }, nextAt) => {
    const facts = { task: "notify", channel, kind, attempts };
    if (error !== null) this.#failed = true;
    if (error === null) this.#report({ type: "notify.sent", ...facts });
    else this.#report({ type: "notify.failed", ...facts, reason: error, again: nextAt !== null });
  };

  async #ping(what: "start" | "success" | "fail", text: string, signal: AbortSignal): Promise<void> {
    const { notify, env } = this.#config;
    const { deadMan } = notify;
    if (deadMan === undefined) return;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(deadManMs)]);
    const send = (by: AbortSignal) => pingDeadMan(deadMan, env, what, text, by);
    this.#onDelivery(what, withoutSecrets(this.#config, await deliver("deadMan", send, systemClock, limited)), null);
  }
}

/** Tells of late and crashed runs, and what could not be told before. Never rejects. */
export async function sendPendingNotices(
  config: Config,
  late: readonly LateSchedule[],
  onDelivery: OnDelivery,
  signal: AbortSignal,
): Promise<void> {
  if (!isConfigured(config)) return;
  await withNotifier(config, onDelivery, async (notifier, notices) => {
    for (const schedule of late) await notifier.late(schedule, signal);
    const crash = notices?.unreportedCrash(Date.now()) ?? null;
    if (crash !== null) {
      const state = { state: "Crashed", errorCode: "crashed", trigger: crash.trigger, warnings: [] } as const;
      await notifier.runEnded({ ...crash, error: null }, state, signal);
    }
    await notifier.flush(signal);
  });
}

/** Sends a test through every configured channel; what became of each. */
export async function testChannels(config: Config, signal: AbortSignal): Promise<Delivery[]> {
  const { notify, env } = config;
  const message = testMessage(placeOf(config), new Date().toISOString());
  const channels: Channel[] = channelsOf(notify, env);
  const { deadMan } = notify;
  if (deadMan !== undefined) {
    const send = (_: Message, by: AbortSignal) => pingDeadMan(deadMan, env, "success", message.what, by);
    channels.push({ name: "deadMan", send });
  }
  const sent = channels.map(({ name, send }) => deliver(name, (by) => send(message, by), systemClock, signal));
  return (await Promise.all(sent)).map((delivery) => withoutSecrets(config, delivery));
}

function isConfigured({ notify }: Config): boolean {
  const { on: _, ...channels } = notify;
  return Object.values(channels).some((channel) => channel !== undefined);
}

async function withNotifier(
  config: Config,
  onDelivery: OnDelivery,
  use: (notifier: Notifier, notices: Notices | null) => Promise<void>,
): Promise<void> {
  const { notify, env } = config;
  let notices: Notices | null = null;
  try {
    notices = Notices.open(historyFile(config.home));
  } catch {
    // The run has said that its history cannot be used; failures are told all the same.
  }
  try {
    const notifier = new Notifier({
      ...{ outbox: notices, channels: channelsOf(notify, env), on: notify.on, place: placeOf(config) },
      clock: systemClock,
      onDelivery: (kind, delivery, nextAt) => onDelivery(kind, withoutSecrets(config, delivery), nextAt),
    });
    await use(notifier, notices);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    onDelivery("history", withoutSecrets(config, { channel: "history", attempts: 1, error: reason }), null);
  } finally {
    notices?.close();
  }
}

function placeOf({ home }: Config): Place {
  return { host: hostname(), home };
}

function withoutSecrets(config: Config, delivery: Delivery): Delivery {
  const { error } = delivery;
  return { ...delivery, error: error === null ? null : redactor(notifySecrets(config))(error) };
}
