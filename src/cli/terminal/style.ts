/** Colors, where they are wanted and the stream is a terminal. */
export type Style = { good(text: string): string; bad(text: string): string; dim(text: string): string };

const plain: Style = { good: (text) => text, bad: (text) => text, dim: (text) => text };

const colored: Style = {
  good: (text) => `\u001b[32m${text}\u001b[39m`,
  bad: (text) => `\u001b[31m${text}\u001b[39m`,
  dim: (text) => `\u001b[2m${text}\u001b[22m`,
};

/** `--no-color`, NO_COLOR, CI and anything but a terminal give plain text. */
export function styleFor(stream: NodeJS.WriteStream, options: { color?: boolean }, env: NodeJS.ProcessEnv): Style {
  const wanted = options.color !== false && !env.NO_COLOR && !env.CI && env.TERM !== "dumb" && stream.isTTY;
  return wanted ? colored : plain;
}
