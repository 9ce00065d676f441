import { BlockList, isIP } from "node:net";
import { PipelineError } from "./pipeline/errors.ts";

/** A proxy, as the environment names it. */
export type ProxyServer = {
  /** Its address with its user and password: for nobody's eyes. */
  uri: string;
  /** Its address without them. */
  shown: string;
};

const kinds = ["http:", "https:", "socks5:"];

/**
 * The proxy for requests to an address, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (lower case first), read as curl and pip
 * read them: `proxy:3128` is `http://proxy:3128`. Null where there is none. This machine itself is never asked through one.
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

/** The lower-case name counts first, also where it is blank. */
function variableOf(name: string, env: Readonly<Record<string, string | undefined>>): Variable | null {
  const found = [name.toLowerCase(), name].find((variable) => env[variable] !== undefined);
  const value = found === undefined ? "" : env[found]!.trim();
  return found === undefined || value === "" ? null : { name: found, value };
}

function variableFor(protocol: string, env: Readonly<Record<string, string | undefined>>): Variable | null {
  const plain = variableOf("HTTP_PROXY", env);
  return protocol === "https:" ? (variableOf("HTTPS_PROXY", env) ?? plain) : plain;
}

function parseProxy({ name, value }: Variable): ProxyServer {
  // socks5h has the proxy look names up, which is what is done with every SOCKS proxy here.
  const written = (value.includes("://") ? value : `http://${value}`).replace(/^socks5?h?:/i, "socks5:");
  const url = URL.canParse(written) ? new URL(written) : null;
  if (url === null || url.hostname === "" || !kinds.includes(url.protocol)) {
    throw new PipelineError({
      code: "config_invalid",
      what: `The environment variable ${name} is ${JSON.stringify(withoutUser(value))}, which is not the address of a proxy: expected an address such as http://proxy:3128.`,
      data: "Nothing was read or changed.",
      next: `Correct ${name}, or unset it; NO_PROXY names the hosts that are asked without a proxy.`,
    });
  }
  return { uri: url.href, shown: `${url.protocol}//${url.host}` };
}

const withoutUser = (value: string) => value.replace(/^([a-z0-9+.-]*:\/\/)?.*@/is, "$1");

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

function isLoopback(host: string): boolean {
  return /^(.+\.)?localhost$/i.test(host) || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** `NO_PROXY`: hosts, domains, addresses and networks (10.0.0.0/8), with a port or without, separated by commas or blanks; `*` is all. */
function isExcepted(host: string, port: string, list: string): boolean {
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "" || entry === "*") return entry === "*";
    const [, name = "", its = port] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry)!;
    return its === port && isNamed(host.toLowerCase(), name.replace(/^\[(.*)\]$/, "$1").toLowerCase());
  });
}

function isNamed(host: string, name: string): boolean {
  const [network = "", bits] = name.split("/");
  if (bits !== undefined) return isIP(host) !== 0 && isIP(host) === isIP(network) && isWithin(host, network, bits);
  const domain = name.replace(/^\*?\./, "");
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

function isWithin(host: string, network: string, bits: string): boolean {
  const kind = isIP(host) === 4 ? "ipv4" : "ipv6";
  const length = Number(bits);
  if (!/^\d+$/.test(bits) || length > (kind === "ipv4" ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, length, kind);
  return list.check(host, kind);
}
