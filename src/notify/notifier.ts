import { randomUUID } from "node:crypto";
import type { Clock } from "../pipeline/clock.ts";
import type { Channel } from "./channels.ts";
import { type Delivery, deliver, nextAttemptDelayMs } from "./deliver.ts";
import { lateNotice, noticeOf, type OpenIncidents, type RunOutcome } from "./incidents.ts";
import {
  lateMessage,
  type Message,
  type MessageOrigin,
  type NoticeKind,
  type NotifiedRun,
  runMessage,
} from "./notice.ts";

type Pending = { noticeNo: number; channel: string; attempts: number; message: string };

/** A scheduled run that has not ended in time. */
export type LateSchedule = Parameters<typeof lateMessage>[1];

/** Where it is remembered who was told what. */
type Outbox = {
  openIncidents(): Promise<OpenIncidents>;
  hadSuccess(runId: string): Promise<boolean>;
  add(
    notice: { id: string; kind: NoticeKind; incident: string; runId: string | null; at: number; message: string },
    channels: readonly string[],
  ): Promise<boolean>;
  take(now: number): Promise<Pending[]>;
  settle(
    delivery: Pick<Pending, "noticeNo" | "channel">,
    outcome: { attempts: number; error: string | null; nextAt: number | null },
    now: number,
  ): Promise<void>;
};

export type NotifierOptions = {
  /** Null where nothing can be remembered: then failures alone are told, once. */
  outbox: Outbox | null;
  channels: readonly Channel[];
  /** The kinds that somebody wants to hear of. */
  on: readonly NoticeKind[];
  place: MessageOrigin;
  clock: Clock;
  /** Told of every message that was sent, or was not; `nextAt` is when it is tried again. */
  onDelivery(kind: string, delivery: Delivery, nextAt: number | null): void;
};

/** Tells people what is worth telling. Nothing here rejects because a message did not get through. */
export class Notifier {
  readonly #options: NotifierOptions;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** A run is over: tells it where it is news. */
  async runEnded(run: NotifiedRun, state: RunOutcome, signal: AbortSignal): Promise<void> {
    const { outbox, place } = this.#options;
    const notice = noticeOf(state, (await outbox?.openIncidents()) ?? [], (await outbox?.hadSuccess(run.id)) ?? true);
    if (notice === null) return;
    await this.#enqueue(notice, runMessage(randomUUID(), notice.kind, run, place), signal);
  }

  /** A scheduled run has not ended in time. */
  async late(schedule: LateSchedule, signal: AbortSignal): Promise<void> {
    const { outbox, place, clock } = this.#options;
    const notice = lateNotice(schedule.name, (await outbox?.openIncidents()) ?? []);
    if (notice === null) return;
    await this.#enqueue(notice, lateMessage(randomUUID(), schedule, place, clock.now()), signal);
  }

  async #enqueue(
    { kind, incident }: { kind: NoticeKind; incident: string },
    message: Message,
    signal: AbortSignal,
  ): Promise<void> {
    const { outbox, channels, on, clock, onDelivery } = this.#options;
    const wanted = on.includes(kind) ? channels : [];
    if (outbox === null) {
      await Promise.all(
        wanted.map(async (channel) =>
          onDelivery(message.kind, await deliver(channel.name, (by) => channel.send(message, by), clock, signal), null),
        ),
      );
      return;
    }
    const { id, run } = message;
    const text = JSON.stringify(message);
    const names = wanted.map(({ name }) => name);
    await outbox.add({ id, kind, incident, runId: run?.id ?? null, at: clock.now(), message: text }, names);
    await this.flush(signal);
  }

  /** Sends what is waiting, of earlier runs too. */
  async flush(signal: AbortSignal): Promise<void> {
    const { outbox, clock } = this.#options;
    const pending = (await outbox?.take(clock.now())) ?? [];
    await Promise.all(pending.map((delivery) => this.#send(delivery, signal)));
  }

  async #send(pending: Pending, signal: AbortSignal): Promise<void> {
    const { outbox, channels, clock, onDelivery } = this.#options;
    const message = JSON.parse(pending.message) as Message;
    const channel = channels.find(({ name }) => name === pending.channel);
    const delivery: Delivery =
      channel === undefined
        ? { channel: pending.channel, attempts: 0, error: "it is not configured any more" }
        : await deliver(channel.name, (by) => channel.send(message, by), clock, signal);
    const attempts = pending.attempts + delivery.attempts;
    const wait = channel === undefined || delivery.error === null ? null : nextAttemptDelayMs(Math.ceil(attempts / 3));
    const nextAt = wait === null ? null : clock.now() + wait;
    await outbox?.settle(pending, { attempts, error: delivery.error, nextAt }, clock.now());
    onDelivery(message.kind, { ...delivery, attempts }, nextAt);
  }
}
