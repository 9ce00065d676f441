import type { IncomingMessage } from "node:http";
import { pageAt } from "../../pages.ts";
import { isRead } from "../request.ts";
import { malformedPath } from "./address.ts";

/** Why a request is refused: status and a sentence; null where it may be answered. */
export type AccessDenial = { status: 400 | 403 | 405; message: string } | null;

export type AccessRules = {
  /** The names that a Host may have, at any port; null where a token says who may ask. */
  names: readonly string[] | null;
  /** The origin under which a proxy shows this server, such as `https://pipeline.example`. */
  publicOrigin: string | null;
};

/**
 * Who may ask: a page of another site, or one whose name was pointed at this machine, may not. Exactly one Host, and where no token is
 * asked for one that names this machine; an Origin that is the Host's, its port included, or the public one; where no page is loaded, no
 * other site's page; and for what changes something a JSON body. `path` is what routing sees; one that is nobody's is under all of this.
 */
export function checkAccess(
  request: IncomingMessage,
  path: string,
  { names, publicOrigin }: AccessRules,
): AccessDenial {
  if (path === malformedPath) return { status: 400, message: "The address is not in its normal form." };
  const hosts = valuesOf(request, "host");
  const host = hosts.length === 1 && URL.canParse(`http://${hosts[0]}`) ? new URL(`http://${hosts[0]}`) : null;
  if (host === null || host.pathname !== "/" || host.username !== "") {
    return { status: 403, message: "Expected one Host." };
  }
  const publicHost = publicOrigin === null ? null : new URL(publicOrigin).hostname;
  if (names !== null && !names.includes(host.hostname) && host.hostname !== publicHost) {
    return {
      status: 403,
      message:
        "This server answers as 127.0.0.1, localhost and [::1] only. Behind a proxy, start it with --public-url and its address.",
    };
  }
  const origins = valuesOf(request, "origin");
  if (origins.length > 1 || (origins.length === 1 && !isOwn(origins[0]!, hosts[0]!, publicOrigin))) {
    return { status: 403, message: `${otherSite} Behind a proxy, start it with --public-url and its address.` };
  }
  const reads = isRead(request.method);
  const isPage = reads && (path === "/login" || pageAt(path) !== null);
  const sites = valuesOf(request, "sec-fetch-site");
  const isOther = sites.some((site) => site !== "same-origin" && !(reads && site === "none"));
  if (!isPage && isOther) {
    return { status: 403, message: otherSite };
  }
  if (reads || (path === "/login" && request.method === "POST")) return null;
  // Nothing else changes anything.
  if (!path.startsWith("/api/")) return { status: 405, message: "Only GET and HEAD are answered here." };
  const [type = ""] = valuesOf(request, "content-type");
  if (!/^application\/json(;|$)/i.test(type)) return { status: 400, message: "Expected a JSON body." };
  return null;
}

const otherSite = "Pages of other sites may not ask this server.";

function isOwn(origin: string, host: string, publicOrigin: string | null): boolean {
  if (origin === publicOrigin) return true;
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host: named, pathname, username } = new URL(origin);
  const isBare = pathname === "/" && username === "" && !origin.endsWith("/");
  return isBare && named === new URL(`${protocol}//${host}`).host;
}

/** All values that a header was sent with: Node keeps the first of two, which a proxy before it may not. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name);
}
