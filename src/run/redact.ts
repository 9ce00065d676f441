const shown = "***";
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
/** Names of parameters that hold a secret, whatever it is like; white space and digits may stand behind them. */
const secretName = "(?:key|token|secret|password|passwd|pwd|sig|signature|auth)(?:\\d|%20|\\+|\\s)*";
const secretParameter = new RegExp(`([?&](?:[^&\\s"#=]*)?${secretName}=)[^&\\s"#]+`, "gi");
const isSecretName = new RegExp(`${secretName}$`, "i");

/** Letters that a secret must have: shorter ones are ordinary words and numbers, which would be taken out of every text. */
export const shortestSecret = 8;

/** The values in an address that nobody may read: its password and its user, its parameters of such a name, and every other long one. */
export function secretsOf(address: string): string[] {
  return valuesOf(address).filter((value) => value.length >= shortestSecret);
}

/** Whether an address has a password, or a parameter of such a name, that is too short to be taken out of texts by its value. */
export function hasShortSecret(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { password, searchParams } = new URL(address);
  const named = [...searchParams].filter(([name]) => isSecretName.test(name)).map(([, value]) => value);
  return [decodeURIComponent(password), ...named].some((value) => value !== "" && value.length < shortestSecret);
}

function valuesOf(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { username, password, searchParams } = new URL(address);
  return [decodeURIComponent(password), decodeURIComponent(username), ...searchParams.values()];
}

/**
 * Takes secrets out of texts, by their value in each form they may stand in; and out of addresses whoever's they are, by
 * their place.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ s: secret }).toString().slice(2),
      JSON.stringify(secret).slice(1, -1),
    ]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => {
    let plain = text;
    for (const form of longestFirst) plain = plain.replaceAll(form, shown);
    return plain.replaceAll(userInfo, `$1${shown}@`).replaceAll(secretParameter, `$1${shown}`);
  };
}

const word = /^[A-Za-z][a-z]*([._-][a-z]+)*$|^[A-Z][a-z]+[A-Z][a-z]+$/;
const id = /^[\w.-]+$/;
const time = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/;

/**
 * Keys of what says what a record is, and when, with the form of their values: readers stand on them. What has another form is a text of
 * somebody, such as a company's name.
 */
const structural = new Map<string, RegExp>([
  ...words("type state status level kind code flow trigger strategy step", word),
  ...words("id runId loadId snapshot", id),
  ...words("at startedAt endedAt publishedAt asOf from to loadedThrough startDate", time),
]);

function words(keys: string, form: RegExp): [string, RegExp][] {
  return keys.split(" ").map((key) => [key, form]);
}

/** The same for the texts in a value that JSON can hold: its keys, its numbers and its form stay as they are (invariant 11). */
export function redactValue<T>(redact: (text: string) => string, value: T): T {
  return walk(redact, value) as T;
}

function walk(redact: (text: string) => string, value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const plain = value.map((part) => walk(redact, part));
    return plain.some((part, i) => part !== value[i]) ? plain : value;
  }
  const entries = Object.entries(value);
  const plain = entries.map(([key, part]) =>
    typeof part === "string" && structural.get(key)?.test(part) ? part : walk(redact, part),
  );
  return plain.some((part, i) => part !== entries[i]![1])
    ? Object.fromEntries(entries.map(([key], i) => [key, plain[i]]))
    : value;
}
