import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Why tests with a browser skip themselves; false where they need not. */
export const noBrowser = existsSync(executablePath) ? false : "Chromium is not here";

export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, chromiumSandbox: false, args: ["--disable-gpu"] });
}

/** A page that fails the test where it asks another host, breaks the content security policy, or throws. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newPage"]>[0] = {},
): Promise<Page & { problems: string[] }> {
  const page = (await browser.newPage({ timezoneId: "UTC", locale: "en-US", ...options })) as Page & {
    problems: string[];
  };
  page.problems = [];
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => void page.problems.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) page.problems.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).host !== new URL(url).host)
      page.problems.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  await page.locator(".dot.live").waitFor();
  return page;
}
