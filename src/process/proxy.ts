import { BlockList, isIP } from "node:net";
import { PipelineError } from "../run/errors.ts";

/** A proxy, as the environment names it. */
export type ProxyServer = {
  /** Its address with its user and password: for nobody's eyes. */
  uri: string;
  /** Its address without them. */
  shown: string;
};

const kinds = ["http:", "https:", "socks5:"];

/**
 * The proxy for requests to an address, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (lower case first), as people write them for
 * curl and pip: `proxy:3128` is `http://proxy:3128`. Null where there is none. This machine itself is never asked through one.
 * Throws `config_invalid` where the variable cannot be used.
 */
export function proxyFor(address: string, env: Readonly<Record<string, string | undefined>>): ProxyServer | null {
  const url = new URL(address);
  // The resolver puts a dot behind a name that is whole.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  if (isLoopback(host)) return null;
  const variable = variableFor(url.protocol, env);
  if (variable === null || isExcepted(host, portOf(url), variableOf("NO_PROXY", env)?.value ?? "")) return null;
  return parseProxy(variable);
}

type Variable = { name: string; value: string };

/** The lower-case name counts first, also where it is blank: that switches the proxy off. */
function variableOf(name: string, env: Readonly<Record<string, string | undefined>>): Variable | null {
  const found = [name.toLowerCase(), name].find((variable) => env[variable] !== undefined);
  return found === undefined ? null : { name: found, value: env[found]!.trim() };
}

/** For https the variable of http counts where the other one is not set. */
function variableFor(protocol: string, env: Readonly<Record<string, string | undefined>>): Variable | null {
  const found = (protocol === "https:" ? variableOf("HTTPS_PROXY", env) : null) ?? variableOf("HTTP_PROXY", env);
  return found === null || found.value === "" ? null : found;
}

function parseProxy({ name, value }: Variable): ProxyServer {
  // socks5h has the proxy look names up, which is what is done with every SOCKS proxy here.
  const written = (value.includes("://") ? value : `http://${value}`)
    .replace(/^socks5?h?:/i, "socks5:")
    // In a password it stands for itself, where it begins no code.
    .replaceAll(/%(?![0-9a-f]{2})/gi, "%25");
  const url = URL.canParse(written) ? new URL(written) : null;
  const isWhole =
    url !== null &&
    url.hostname !== "" &&
    kinds.includes(url.protocol) &&
    !`${url.pathname}${url.search}${url.hash}`.includes("@");
  if (!isWhole || !canDecode(url.username) || !canDecode(url.password)) {
    throw new PipelineError({
      code: "config_invalid",
      message: `The environment variable ${name} is ${JSON.stringify(withoutUser(value))}, which is not the address of a proxy: expected an address such as http://proxy:3128.`,
      data: "Nothing was read or changed.",
      next: `Set ${name} to such an address, or unset it; NO_PROXY names the hosts that are asked without a proxy.`,
    });
  }
  const { protocol, host, username, password } = url;
  const user = username === "" && password === "" ? "" : `${username}:${password}@`;
  // Like curl, without what may stand behind the host.
  return { uri: `${protocol}//${user}${host}`, shown: `${protocol}//${host}` };
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false; // the one thing that is asked
  }
}

const withoutUser = (value: string) => value.replace(/^([a-z0-9+.-]*:\/\/)?.*@/is, "$1");

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

function isLoopback(host: string): boolean {
  // An unspecified address leads to this machine as well; an IPv4 one may be written as IPv6.
  const isOwn = ["::1", "::", "0.0.0.0"].includes(host) || /^::ffff:7f[0-9a-f]{2}:/i.test(host);
  return /^(.+\.)?localhost$/i.test(host) || isOwn || (isIP(host) === 4 && host.startsWith("127."));
}

/** `NO_PROXY`: hosts, domains, addresses and networks (10.0.0.0/8), with a port or without, separated by commas or blanks; `*` is all. */
function isExcepted(host: string, port: string, list: string): boolean {
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "" || entry === "*") return entry === "*";
    const [, name = "", its = port] = /^(.*?)(?::(\d+))?$/.exec(
      isIP(entry.replace(/\/\d+$/, "")) === 6 ? `[${entry}]` : entry,
    )!;
    return its === port && isNamed(host.toLowerCase(), name.replace(/^\[(.*)\]/, "$1").toLowerCase());
  });
}

function isNamed(host: string, name: string): boolean {
  const [network = "", bits] = name.split("/");
  if (bits !== undefined) return isIP(host) !== 0 && isIP(host) === isIP(network) && isWithin(host, network, bits);
  if (isIP(host) !== 0 && isIP(host) === isIP(name)) return isWithin(host, name, isIP(host) === 4 ? "32" : "128");
  const domain = asHost(name.replace(/^\*?\./, "").replace(/\.$/, ""));
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

/** A name as addresses have it: of other scripts in their ASCII form. */
function asHost(name: string): string {
  return URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : name;
}

function isWithin(host: string, network: string, bits: string): boolean {
  const kind = isIP(host) === 4 ? "ipv4" : "ipv6";
  const length = Number(bits);
  if (!/^\d+$/.test(bits) || length > (kind === "ipv4" ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, length, kind);
  return list.check(host, kind);
}
