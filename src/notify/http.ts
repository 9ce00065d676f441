/** Sends a body. Throws an Error that says what the receiver answered, without its address, which may hold a secret. */
export async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent();
  const where = URL.canParse(url) ? new URL(url).host : "an address that is none";
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
