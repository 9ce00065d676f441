import type { Delivery } from "../notify/deliver.ts";
import { testMessage } from "../notify/notice.ts";
import type { LateSchedule } from "../notify/notifier.ts";
import type { RunReport } from "../pipeline/report/report.ts";
import type { Warning } from "../pipeline/report/warnings.ts";
import type { Report } from "../run/events.ts";
import { runName } from "../run/run-name.ts";
import type { NotifyWiring, OnDelivery, Ping } from "./wiring/notify.ts";

/** Time for the dead-man switch, its attempts included. */
const pingMs = 25_000;

/** Warnings that stay until somebody acts, or the source does. */
const notifiedWarnings: readonly Warning["code"][] = [
  "name_vanished",
  "name_equal",
  "name_equal_gone",
  "field_emptied",
  "response_unknown",
  "source_stale",
  "source_issue",
  "source_went_back",
  "source_shrank",
];

/** What a run notifies people of. Nothing of it changes the run's result (invariant 10). */
export class RunNotices {
  readonly #wiring: NotifyWiring;
  readonly #trigger: string;
  readonly #report: Report;
  #early: Promise<unknown> | undefined;
  #failed = false;

  constructor(wiring: NotifyWiring, trigger: string, report: Report) {
    this.#wiring = wiring;
    this.#trigger = trigger;
    this.#report = report;
  }

  /** The run has begun: pings the dead-man switch, and sends what earlier runs could not, beside its work. */
  began(signal: AbortSignal): void {
    if (!this.#wiring.isConfigured) return;
    this.#early = Promise.all([
      this.#ping("start", "", signal),
      sendPendingNotices(this.#wiring, [], this.#onDelivery, signal),
    ]);
  }

  /** The run is over and its history written. Never rejects. */
  async ended(document: RunReport, signal: AbortSignal): Promise<void> {
    if (!this.#wiring.isConfigured) return;
    const { runId: id, state, error, startedAt, endedAt } = document;
    const task = (to: "Running" | "Completed" | "Failed") =>
      this.#report({ type: "task.state", task: "notify", step: "notify", state: to, attempt: 1 });
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
      this.#wiring.withNotifier(this.#onDelivery, (notifier) => notifier.runEnded(run, run, signal)),
    ]);
    task(this.#failed ? "Failed" : "Completed");
  }

  readonly #onDelivery: OnDelivery = (kind, { channel, attempts, error }, nextAt) => {
    const facts = { task: "notify", step: "notify", channel, kind, attempts };
    if (error !== null) this.#failed = true;
    if (error === null) this.#report({ type: "notify.sent", ...facts });
    else this.#report({ type: "notify.failed", ...facts, reason: error, again: nextAt !== null });
  };

  async #ping(ping: Ping, text: string, signal: AbortSignal): Promise<void> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(pingMs)]);
    const delivery = await this.#wiring.ping?.(ping, text, limited);
    if (delivery !== undefined) this.#onDelivery(ping, delivery, null);
  }
}

/** Notifies of late and crashed runs, and sends what could not be sent before. Never rejects. */
export async function sendPendingNotices(
  wiring: NotifyWiring,
  late: readonly LateSchedule[],
  onDelivery: OnDelivery,
  signal: AbortSignal,
): Promise<void> {
  if (!wiring.isConfigured) return;
  await wiring.withNotifier(onDelivery, async (notifier, notices) => {
    for (const schedule of late) await notifier.late(schedule, signal);
    const crash = (await notices?.unreportedCrash(Date.now())) ?? null;
    if (crash !== null) {
      const state = { state: "Crashed", errorCode: "crashed", trigger: crash.trigger, warnings: [] } as const;
      await notifier.runEnded({ ...crash, error: null }, state, signal);
    }
    await notifier.flush(signal);
  });
}

/** Sends a test through every configured channel, the dead-man switch included; resolves to what became of each. */
export async function testChannels(wiring: NotifyWiring, signal: AbortSignal): Promise<Delivery[]> {
  const message = testMessage(wiring.origin, new Date().toISOString());
  const sent = wiring.channels().map(({ name, send }) => wiring.deliver(name, (by) => send(message, by), signal));
  const pinged = wiring.ping?.("success", message.what, signal);
  return Promise.all(pinged === undefined ? sent : [...sent, pinged]);
}
