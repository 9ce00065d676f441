import { mkdirSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

/**
 * `node scripts/docs/screenshots.ts URL [FOLDER]`: a picture of every page of a server, light, dark and as wide as a phone. With a server on what
 * `pipeline demo` made these are the pictures in docs/screens.
 */
const [url = "http://127.0.0.1:4200", folder = "docs/screens"] = process.argv.slice(2);

export const pages = {
  overview: "/",
  runs: "/runs",
  trends: "/trends",
  schedules: "/schedules",
  data: "/data",
  geography: "/data/geography",
  companies: `/data/companies?company=${encodeURIComponent('["JPMORGAN CHASE & CO."]')}&with=${encodeURIComponent('["BANK OF AMERICA, NATIONAL ASSOCIATION"]')}`,
  sql: "/data/sql",
  lineage: "/lineage",
  model: "/lineage/fct_complaints",
} as const;

if (import.meta.main) {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    chromiumSandbox: false,
    args: ["--disable-gpu"],
  });
  const failed = (await (await fetch(`${url}/api/v1/runs?state=Failed&limit=1`)).json()) as { id: string }[];
  const [newest] = (await (await fetch(`${url}/api/v1/runs?limit=1`)).json()) as { id: string }[];
  const all: Record<string, string> = {
    ...pages,
    run: `/runs/${newest?.id}`,
    ...(failed[0] === undefined ? {} : { failure: `/runs/${failed[0].id}` }),
  };
  for (const [name, path] of Object.entries(all))
    await shoot(browser, name, path, { width: 1280, height: 860 }, "light");
  for (const name of ["overview", "run", "geography"])
    await shoot(browser, `${name}-dark`, all[name]!, { width: 1280, height: 860 }, "dark");
  for (const name of ["overview", "run", "data"])
    await shoot(browser, `${name}-phone`, all[name]!, { width: 390, height: 844 }, "light");
  await browser.close();
}

async function shoot(
  browser: Browser,
  name: string,
  path: string,
  viewport: { width: number; height: number },
  colorScheme: "light" | "dark",
) {
  const page: Page = await browser.newPage({ viewport, colorScheme, timezoneId: "UTC" });
  await page.goto(url + path);
  await page.locator(".dot.live").waitFor();
  while ((await page.locator(".skeleton").count()) > 0) await page.waitForTimeout(50);
  await page.waitForLoadState("load");
  // What a page asks for after what it asked for.
  await page.waitForTimeout(800);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
}
