import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Query } from "../api.ts";
import { say } from "../api.ts";

/** Data, or why it is not there: skeletons after a moment only, never over old data. */
export function QueryView<T>({ result, children }: { result: Query<T>; children: (data: T) => ComponentChildren }) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 200);
    return () => clearTimeout(timer);
  }, []);
  const { data, error, again } = result;
  return (
    <>
      {error !== null && (
        <p class="problem" role="alert">
          {error}{" "}
          <button type="button" onClick={again}>
            Try again
          </button>
        </p>
      )}
      {data !== null ? children(data) : error === null && isSlow ? <div class="skeleton" aria-busy="true" /> : null}
    </>
  );
}

/** A command to copy. */
export function CommandLine({ text }: { text: string }) {
  return (
    <span class="command">
      <code>{text}</code>
      <button
        type="button"
        aria-label={`Copy: ${text}`}
        onClick={() =>
          navigator.clipboard.writeText(text).then(
            () => say("Copied."),
            () => say("It could not be copied.", true),
          )
        }
      >
        copy
      </button>
    </span>
  );
}

/** Nothing is here yet: what makes something be here. */
export function Empty({ what, command }: { what: string; command: string }) {
  return (
    <div class="empty">
      <p>{what}</p>
      <CommandLine text={command} />
    </div>
  );
}

/** A button that asks once, naming what will happen. */
export function ConfirmButton({ label, sure, onSure }: { label: string; sure: string; onSure(): void }) {
  const [isAsking, setAsking] = useState(false);
  if (!isAsking) {
    return (
      <button type="button" onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  }
  return (
    <span class="sure" role="group" aria-label={sure}>
      {sure}{" "}
      <button
        type="button"
        class="bad"
        onClick={() => {
          setAsking(false);
          onSure();
        }}
      >
        {label}
      </button>{" "}
      <button type="button" onClick={() => setAsking(false)}>
        No
      </button>
    </span>
  );
}
