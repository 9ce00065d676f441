import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { changes } from "./live.ts";

class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Asks the server; throws {@link ApiError} with its words. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(`/api/v1${path}`, { headers: { "content-type": "application/json" }, ...init });
  const body = (await answer.json().catch(() => null)) as { error?: { message: string; next?: string } } | null;
  if (answer.status === 401) location.href = "/login";
  if (!answer.ok) {
    const { message = "It did not answer as it should.", next } = body?.error ?? {};
    throw new ApiError(answer.status, next === undefined ? message : `${message} ${next}`);
  }
  return body as T;
}

export const post = <T>(path: string, body: object = {}) =>
  ask<T>(path, { method: "POST", body: JSON.stringify(body) });

export type Query<T> = { data: T | null; error: string | null; again(): void };

/**
 * Fetches a path of the API; null fetches nothing. With `live`, fetches again after every change at the server. Old data stays while new
 * data loads.
 */
export function useQuery<T>(path: string | null, live = false): Query<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; error: string | null }>({
    ...{ path: null, data: null, error: null },
  });
  const [turn, setTurn] = useState(0);
  const change = live ? changes.value : 0;
  const latest = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change at the server and "again" are reasons to ask
  useEffect(() => {
    if (path === null) return;
    const mine = ++latest.current;
    ask<T>(path).then(
      (data) => mine === latest.current && setState({ path, data, error: null }),
      (error: Error) =>
        mine === latest.current &&
        setState((old) => ({ ...(old.path === path ? old : { path, data: null }), error: error.message })),
    );
  }, [path, turn, change]);
  const isOld = state.path !== path;
  return { data: isOld ? null : state.data, error: isOld ? null : state.error, again: () => setTurn((n) => n + 1) };
}

const shownNotice = signal<{ text: string; bad: boolean } | null>(null);
/** What the last action came to; null again after some seconds. */
export const notice: ReadonlySignal<{ text: string; bad: boolean } | null> = shownNotice;

export function say(text: string, bad = false): void {
  shownNotice.value = { text, bad };
  setTimeout(() => {
    if (shownNotice.value?.text === text) shownNotice.value = null;
  }, 8000);
}

/** Does something at the server, and says what came of it. */
export async function act<T>(work: () => Promise<T>, done: string): Promise<T | null> {
  try {
    const result = await work();
    say(done);
    return result;
  } catch (error) {
    say((error as Error).message, true);
    return null;
  }
}
