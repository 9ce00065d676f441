const shown = "***";
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const secretParameter =
  /([?&](?:[a-z_-]*key|[a-z_-]*token|secret|password|passwd|pwd|sig|signature|auth)=)[^&\s"'#]+/gi;

/** Shorter ones would hide ordinary words. */
const shortest = 4;

/** The values in an address that nobody may read: its password, its user, and every parameter it brings. */
export function secretsOf(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { username, password, searchParams } = new URL(address);
  const values = [decodeURIComponent(password), decodeURIComponent(username), ...searchParams.values()];
  return values.filter((value) => value.length >= shortest);
}

/**
 * Takes secrets out of texts, by their value in each form they may stand in; and out of addresses whoever's they are, by
 * their place.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.flatMap((secret) => [
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

/** The same for every text in a value that JSON can hold. */
export function redactValue<T>(redact: (text: string) => string, value: T): T {
  const text = JSON.stringify(value);
  const plain = redact(text);
  return plain === text ? value : (JSON.parse(plain) as T);
}
