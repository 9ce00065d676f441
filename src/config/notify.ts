import * as z from "zod";

/** Somewhere else: a variable, or a file that holds nothing but the value. */
const reference = /^(env|file):.+$/s;

const text = z.string().trim().min(1, "expected a text");
const secret = z
  .string()
  .regex(reference, "a secret does not stand in the configuration: expected env:NAME or file:PATH");
/** An address without user and password, or where it stands. */
const address = z.string().refine((value) => {
  if (reference.test(value)) return true;
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === "" && password === "";
}, "expected an http(s) address without a password in it, or env:NAME or file:PATH");

export const notifySchema = z.strictObject({
  on: z
    .array(z.enum(["failed", "crashed", "late", "recovered", "firstSuccess", "warning"]))
    .default(["failed", "crashed", "late", "recovered", "firstSuccess", "warning"]),
  webhook: z.strictObject({ url: address, secret: secret.optional() }).optional(),
  slack: z.strictObject({ url: secret }).optional(),
  email: z
    .strictObject({
      host: text,
      port: z.int().min(1).max(65_535).default(587),
      security: z.enum(["starttls", "tls", "none"]).default("starttls"),
      user: text.optional(),
      password: secret.optional(),
      from: text,
      to: z.array(text).min(1, "expected at least one address"),
    })
    .refine(
      ({ user, password }) => (user === undefined) === (password === undefined),
      "user and password belong together",
    )
    .optional(),
  command: z.array(text).min(1, "expected a program and its arguments").optional(),
  deadMan: address.optional(),
});
