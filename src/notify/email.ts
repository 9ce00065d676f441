import { createTransport } from "nodemailer";
import { type Message, messageText } from "./notice.ts";
import { resolveSecret } from "./secret.ts";
import type { NotifySettings } from "./settings.ts";

/** Sends a message as plain text through an SMTP server. */
export async function sendMail(
  { host, port, security, user, password, from, to }: NonNullable<NotifySettings["email"]>,
  env: Readonly<Record<string, string>>,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const auth = user === undefined ? {} : { auth: { user, pass: resolveSecret(password ?? "", env) } };
  const transport = createTransport({
    ...{ host, port, secure: security === "tls", requireTLS: security === "starttls", ignoreTLS: security === "none" },
    ...{ connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, disableFileAccess: true },
    disableUrlAccess: true,
    ...auth,
  });
  const abort = () => transport.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await transport.sendMail({
      ...{ from, to: [...to], subject: `pipeline on ${message.host}: ${message.title}`, text: messageText(message) },
      // The same for every attempt: whoever got it twice can tell.
      messageId: `<${message.id}@cfpb-pipeline>`,
      headers: { "auto-submitted": "auto-generated" },
    });
  } finally {
    signal.removeEventListener("abort", abort);
    transport.close();
  }
}
