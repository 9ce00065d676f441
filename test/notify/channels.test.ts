import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SMTPServer } from "smtp-server";
import { channelsOf, pingDeadMan, signatureOf } from "../../src/notify/channels.ts";
import { deliver, nextAttemptDelayMs } from "../../src/notify/deliver.ts";
import type { Message } from "../../src/notify/notice.ts";
import { secretValues } from "../../src/notify/secret.ts";
import type { NotifySettings } from "../../src/notify/settings.ts";
import { jumpingClock, temporaryFolder } from "../harness/context.ts";
import { startReceiver } from "../harness/receiver.ts";

const message: Message = {
  ...{ id: "3f0e", kind: "failed", at: "2026-11-24T02:00:00.000Z", title: "Failed: run calm-otter [dbt_failed]" },
  ...{ what: "1 test failed: <a> & b.", data: "Loads stand.", next: "Run again.", host: "h", home: "/data" },
  run: {
    ...{ id: "r", name: "calm-otter", state: "Failed", trigger: "schedule", startedAt: "2026-11-24T02:00:00.000Z" },
    ...{ endedAt: "2026-11-24T02:01:00.000Z", errorCode: "dbt_failed" },
  },
  schedule: null,
};
const never = new AbortController().signal;

describe("the channels", () => {
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  before(async () => {
    receiver = await startReceiver();
  });
  after(() => receiver.close());

  const send = async (settings: Partial<NotifySettings>, env: Record<string, string> = {}, signal = never) => {
    receiver.received.length = 0;
    for (const channel of channelsOf({ on: [], ...settings }, env)) await channel.send(message, signal);
    return receiver.received[0];
  };

  it("a webhook gets the message as JSON, signed", async () => {
    const file = join(temporaryFolder(), "secret");
    writeFileSync(file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    const got = await send({ webhook: { url: `${receiver.url}/hook`, secret: `file:${file}` } });
    assert.deepEqual(JSON.parse(got!.body), message);
    assert.deepEqual([got?.method, got?.path, got?.headers["webhook-id"]], ["POST", "/hook", "3f0e"]);
    const timestamp = String(got?.headers["webhook-timestamp"]);
    assert.equal(
      got?.headers["webhook-signature"],
      signatureOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "3f0e", timestamp, got!.body),
    );
    const unsigned = await send({ webhook: { url: "env:HOOK" } }, { HOOK: receiver.url });
    assert.equal(unsigned?.headers["webhook-signature"], undefined);
  });

  it("signs as the standard's own example is signed", () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    assert.equal(
      signatureOf(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        '{"test": 2432232314}',
      ),
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  it("Slack gets its own form, with its marks escaped", async () => {
    const got = await send({ slack: { url: "env:SLACK" } }, { SLACK: `${receiver.url}/services/T0/B0/x` });
    const body = JSON.parse(got!.body);
    assert.equal(body.text, "Failed: run calm-otter [dbt_failed]");
    assert.match(body.blocks[0].text.text, /1 test failed: &lt;a&gt; &amp; b\./);
    assert.match(body.blocks[1].text.text, /\*Data:\* Loads stand\.\n\*Next:\* Run again\./);
  });

  it("mail goes through an SMTP server, with a password, to everyone", async () => {
    const got: { to: string[]; text: string; user: unknown }[] = [];
    const server = new SMTPServer({
      ...{ authOptional: true, allowInsecureAuth: true, disabledCommands: ["STARTTLS"] },
      onAuth: ({ username, password }, _session, done) =>
        password === "secret one" ? done(null, { user: username }) : done(new Error("wrong password")),
      onData(stream, { envelope, user }, done) {
        let text = "";
        stream.on("data", (chunk) => (text += String(chunk)));
        stream.on("end", () => {
          got.push({ to: envelope.rcptTo.map(({ address }) => address), text, user });
          done();
        });
      },
    });
    server.on("error", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server.server, "listening");
    const { port } = server.server.address() as AddressInfo;
    const email = {
      host: "127.0.0.1",
      port,
      security: "none" as const,
      from: "p@a.test",
      to: ["a@a.test", "b@a.test"],
    };
    await send({ email: { ...email, user: "me", password: "env:SMTP" } }, { SMTP: "secret one" });
    assert.deepEqual([got[0]?.to, got[0]?.user], [["a@a.test", "b@a.test"], "me"]);
    assert.match(got[0]!.text, /^Subject: pipeline on h: Failed: run calm-otter \[dbt_failed\]\r$/m);
    assert.match(got[0]!.text, /^data: Loads stand\.\r$/m);
    assert.match(got[0]!.text, /^Message-ID: <3f0e@cfpb-pipeline>\r$/im);
    await assert.rejects(
      send({ email: { ...email, user: "me", password: "env:SMTP" } }, { SMTP: "other" }),
      /wrong password/,
    );
    await assert.rejects(send({ email: { ...email, security: "starttls" } }), /STARTTLS/);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await assert.rejects(send({ email }), /ECONNREFUSED/);
  });

  it("a program gets the message on its input and its words in variables", async () => {
    const folder = temporaryFolder();
    const program = join(folder, "tell me.sh");
    const got = join(folder, "got.txt");
    writeFileSync(
      program,
      `#!/bin/sh\nprintf '%s|%s|%s|' "$1" "$NOTICE_KIND" "$NOTICE_TITLE" > '${got}'; cat >> '${got}'\n`,
    );
    chmodSync(program, 0o755);
    await send({ command: [program, "an argument"] }, { PATH: process.env.PATH! });
    assert.equal(readFileSync(got, "utf8"), `an argument|failed|${message.title}|${JSON.stringify(message)}`);
    await assert.rejects(
      send({ command: ["sh", "-c", "echo no >&2; exit 3"] }, { PATH: process.env.PATH! }),
      /^Error: sh ended with 3: no$/,
    );
    await assert.rejects(send({ command: [join(folder, "none")] }), /there is no program/);
    const stop = new AbortController();
    // What it leaves running is its own: the message is sent when the program exits.
    const left = ["sh", "-c", `sleep 60 & echo $! > ${folder}/left`];
    await send({ command: left }, { PATH: process.env.PATH! });
    process.kill(Number(readFileSync(join(folder, "left"), "utf8")), "SIGKILL");
    const failing = ["sh", "-c", `sleep 60 & echo $! > ${folder}/left; echo no >&2; exit 4`];
    await assert.rejects(send({ command: failing }, { PATH: process.env.PATH! }), /sh ended with 4: no/);
    process.kill(Number(readFileSync(join(folder, "left"), "utf8")), "SIGKILL");
    const slow = send(
      { command: ["sh", "-c", `echo > ${folder}/started; sleep 60`] },
      { PATH: process.env.PATH! },
      stop.signal,
    );
    stop.abort(new Error("enough"));
    await assert.rejects(slow, /enough/);
  });

  it("a dead-man switch hears of start, success and failure", async () => {
    receiver.received.length = 0;
    for (const what of ["start", "success", "fail"] as const) {
      await pingDeadMan("env:DEADMAN", { DEADMAN: `${receiver.url}/abc?x=1` }, what, "why", never);
    }
    assert.deepEqual(
      receiver.received.map(({ path, body }) => [path, body]),
      [
        ["/abc/start?x=1", "why"],
        ["/abc?x=1", "why"],
        ["/abc/fail?x=1", "why"],
      ],
    );
  });

  it("says why something did not arrive, and never where it was sent", async () => {
    receiver.status = 503;
    await assert.rejects(
      send({ webhook: { url: `${receiver.url}/secret` } }),
      /^Error: 127\.0\.0\.1:\d+ answered 503: not today$/,
    );
    receiver.status = 200;
    await assert.rejects(
      send({ webhook: { url: "http://127.0.0.1:1/secret" } }),
      /^Error: 127\.0\.0\.1:1 was not reached \(/,
    );
    await assert.rejects(send({ slack: { url: "env:NOTHING" } }), /^Error: the variable NOTHING is not set$/);
    await assert.rejects(
      send({ slack: { url: "file:/nowhere" } }),
      /^Error: the file \/nowhere cannot be read or is empty$/,
    );
  });

  it("knows the values that no text may show", () => {
    const env = { A: "a secret", U: "https://hooks.test/services/T000000/aVeryLongKeyIndeed" };
    const settings = {
      on: ["failed"],
      webhook: { url: "https://a.test/x", secret: "env:A" },
      slack: { url: "env:U" },
      no: "env:X",
    };
    assert.deepEqual(secretValues(settings, env), ["https://a.test/x", "a secret", env.U, "aVeryLongKeyIndeed"]);
  });
});

describe("sending", () => {
  it("tries three times, waiting longer, and reports what became of it", async () => {
    const clock = jumpingClock();
    let tries = 0;
    const works = await deliver("x", async () => void (++tries < 3 && fail()), clock, never);
    assert.deepEqual(works, { channel: "x", attempts: 3, error: null });
    const fails = await deliver("x", async () => fail(), clock, never);
    assert.deepEqual(fails, { channel: "x", attempts: 3, error: "no" });
    assert.deepEqual(clock.slept, [1000, 4000, 1000, 4000]);
    const stopped = await deliver("x", async () => fail(), clock, AbortSignal.abort());
    assert.deepEqual(stopped, { channel: "x", attempts: 1, error: "no" });
  });

  it("goes on for about a day", () => {
    const waits = Array.from({ length: 10 }, (_, i) => nextAttemptDelayMs(i + 1));
    assert.equal(waits[0], 60_000);
    assert.equal(waits[6], null);
    assert.ok(waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0) > 16 * 3_600_000);
  });
});

function fail(): never {
  throw new Error("no\nmore");
}
