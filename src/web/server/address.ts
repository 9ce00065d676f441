/** The address that a request asks for, read once for everybody who decides by it. */
export type Address = {
  /** In its normal form: what is percent-encoded has to be. */
  path: string;
  query: URLSearchParams;
};

const allowed = /^\/(?!\/)(?:[!$&-[\]-~]|%[0-9a-f]{2})*$/i;
/** Letters, digits, `-`, `.`, `_` and `~`, which are never encoded in a normal form (RFC 3986, section 6.2.2.2). */
const needless = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/i;
const dots = /(?:^|\/)\.{1,2}(?:\/|$)/;

/**
 * What a request line asks for. Null where its path is not in its normal form (dot segments, `//` at the start, a backslash, a
 * needless or broken percent-encoding, another host): whoever reads such a path in another way reads another path.
 */
export function readAddress(target: string): Address | null {
  const [, path = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(target)!;
  if (!allowed.test(path) || needless.test(path) || dots.test(path) || path.includes("#")) return null;
  return { path, query: new URLSearchParams(query) };
}
