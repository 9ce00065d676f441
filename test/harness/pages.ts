import { serverHome } from "../../src/cli/server-home.ts";
import { loadConfig } from "../../src/config.ts";
import { ScheduleStore } from "../../src/schedule/store.ts";
import type { Home } from "../../src/web/server/home.ts";

/** What a server in this process shows of a home; its actions start nothing that a test may use. */
export function testPages(home: string): Home {
  const { config } = loadConfig({ home }, undefined, "2099-01-01");
  return serverHome(config, {}, ScheduleStore.open(ScheduleStore.fileOf(home)));
}
