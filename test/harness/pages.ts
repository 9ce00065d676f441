import assert from "node:assert/strict";
import { serverHome } from "../../src/app/serve/home.ts";
import { wireServe } from "../../src/app/wiring/serve.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ScheduleStore } from "../../src/schedule/store.ts";
import type { ServerBackend } from "../../src/web/server/home.ts";
import type { ServerOptions } from "../../src/web/server/server.ts";

/** What a server in this process shows of a home; its actions start nothing that a test may use. */
export function testPages(home: string): ServerBackend {
  const { config } = loadConfig({ home }, undefined, "2099-01-01");
  const never = () => assert.fail("no test starts a run here");
  return serverHome(wireServe(config).settings, never, ScheduleStore.open(ScheduleStore.fileOf(home)));
}

/** What a server of a home is started with; an error that nobody expected fails the test. */
export function serverOptions(home: string, change: Partial<ServerOptions> = {}): ServerOptions {
  return {
    ...{
      host: "127.0.0.1",
      port: 0,
      token: null,
      publicOrigin: null,
      home: testPages(home),
      onNotice: () => undefined,
    },
    onError: (error) => assert.fail(String(error)),
    ...change,
  };
}
