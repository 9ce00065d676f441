import { eventLine } from "../../pipeline/report/event-line.ts";
import type { Emit } from "../../run/events.ts";
import { levelOf, levels } from "../../run/log-level.ts";
import { newModel, render, update } from "./live-model.ts";
import type { Style } from "./style.ts";

/** Milliseconds between two looks at the view. */
const everyMs = 100;

export type LiveView = { emit: Emit /** Draws a last time and leaves the view where it is. */; stop(): void };

/** A view of a run that is drawn over itself; what matters beside it is written above. */
export function liveView(stream: NodeJS.WriteStream, style: Style): LiveView {
  const model = newModel();
  /** Lengths of the lines on the screen: narrower terminals wrap them. */
  let drawn: number[] = [];
  const width = () => Math.max(stream.columns ?? 80, 20);

  const erase = () => {
    const rows = drawn.reduce((sum, length) => sum + Math.max(Math.ceil(length / width()), 1), 0);
    drawn = [];
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  };
  const draw = () => {
    const lines = render(model, width() - 1, stream.rows ?? 24, Date.now());
    const old = erase();
    drawn = lines.map(({ text }) => [...text].length);
    const colored = lines.map(({ text, state }) => {
      if (state === "Completed") return style.good(text);
      if (state === "Failed" || state === "TimedOut") return style.bad(text);
      return state === "Pending" || state === "Skipped" ? style.dim(text) : text;
    });
    stream.write(`${old}${colored.join("\n")}\n`);
  };
  const timer = setInterval(draw, everyMs).unref();
  stream.on("resize", draw);
  return {
    emit(event) {
      update(model, event);
      if (levels[levelOf(event)] >= levels.warn && event.type !== "run.finished") {
        const line = eventLine(event);
        stream.write(`${erase()}${levelOf(event) === "error" ? style.bad(line) : line}\n`);
        draw();
      }
    },
    stop() {
      clearInterval(timer);
      stream.off("resize", draw);
      draw();
      stream.write("\n");
    },
  };
}

/** Whether a stream can show a view that is drawn over itself. */
export function canShowLive(stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>): boolean {
  return stream.isTTY === true && env.TERM !== "dumb" && env.CI === undefined;
}
