import { proxyFor } from "../process/proxy.ts";

/** Sends a body. Throws an Error that says what the receiver answered, without its address, which may hold a secret. Proxies as `env` names them. */
export async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { Agent, fetch, ProxyAgent } = await import("undici");
  if (!URL.canParse(url)) throw new Error("what is given is not an address");
  const proxy = proxyFor(url, env);
  const dispatcher = proxy === null ? new Agent() : new ProxyAgent(proxy.uri);
  const where = `${new URL(url).host}${proxy === null ? "" : ` through the proxy ${proxy.shown}`}`;
  try {
    const answer = await fetch(url, {
      ...{ method: "POST", body, headers: { "user-agent": "cfpb-pipeline", ...headers }, signal, dispatcher },
      redirect: "error",
    }).catch((error: Error & { cause?: Error & { code?: string } }) => {
      signal.throwIfAborted();
      throw new Error(`${where} was not reached (${error.cause?.code ?? error.cause?.message ?? error.message})`);
    });
    const text = await answer.text();
    if (!answer.ok)
      throw new Error(`${where} answered ${answer.status}${text === "" ? "" : `: ${text.slice(0, 200)}`}`);
  } finally {
    await dispatcher.destroy();
  }
}
