const allowed = /^\/(?!\/)(?:[!$&-[\]-~]|%[0-9a-f]{2})*$/i;
/** Letters, digits, `-`, `.`, `_` and `~`, which are never encoded in a normal form (RFC 3986, section 6.2.2.2). */
const needless = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/i;
const dots = /(?:^|\/)\.{1,2}(?:\/|$)/;

/**
 * The path that a request line asks for, percent-encoded where it has to be. Null where it is not in its normal form (dot segments,
 * `//` at the start, a backslash, a needless or broken percent-encoding, another host): whoever reads such a path in another way
 * reads another path.
 */
function readPath(target: string): string | null {
  const [path = ""] = target.split("?", 1);
  if (!allowed.test(path) || needless.test(path) || dots.test(path) || path.includes("#")) return null;
  return path;
}

/** A path that no route has and no request can ask for, in place of one that is not in its normal form. */
export const malformedPath = "/\\";

/** The path of a request as the guard and the routes see it: neither decodes it in a way of its own. */
export function pathOf({ url = "/" }: { url?: string | undefined }): string {
  return readPath(url) ?? malformedPath;
}
