import type { NoticeKind } from "./notice.ts";

/** The `notify` part of the configuration. Values of the form `env:NAME` or `file:PATH` are looked up when they are needed. */
export type NotifySettings = {
  on: readonly NoticeKind[];
  webhook?: { url: string; secret?: string | undefined } | undefined;
  slack?: { url: string } | undefined;
  email?:
    | {
        host: string;
        port: number;
        security: "starttls" | "tls" | "none";
        user?: string | undefined;
        password?: string | undefined;
        from: string;
        to: readonly string[];
      }
    | undefined;
  /** A program and its arguments. */
  command?: readonly string[] | undefined;
  /** An address that wants to hear from every run. */
  deadMan?: string | undefined;
};
