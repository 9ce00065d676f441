import { useEffect } from "preact/hooks";
import { pageAt } from "../pages.ts";
import { notice } from "./api.ts";
import { Help, keys } from "./keys.tsx";
import { connection } from "./live.ts";
import { Data } from "./pages/data.tsx";
import { Lineage } from "./pages/lineage.tsx";
import { Overview } from "./pages/overview.tsx";
import { Run } from "./pages/run.tsx";
import { Runs } from "./pages/runs.tsx";
import { Schedules } from "./pages/schedules.tsx";
import { Trends } from "./pages/trends.tsx";
import { Icon } from "./parts/icon.tsx";
import { route } from "./router.ts";
import { theme, zone, zones } from "./settings.ts";

const places = [
  ["/", "Overview", "overview"],
  ["/runs", "Runs", "runs"],
  ["/trends", "Trends", "trends"],
  ["/schedules", "Schedules", "schedules"],
  ["/data", "Data", "data"],
  ["/lineage", "Lineage", "lineage"],
] as const;

/** The frame of every page, and the page that the address names. */
export function App() {
  const { path } = route.value;
  useEffect(keys, []);
  const [, name] = places.find(([to]) => (to === "/" ? path === "/" : path.startsWith(to))) ?? ["", "Not found"];
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <nav class="rail" aria-label="Pages">
        <span class="brand">pipeline</span>
        {places.map(([to, title, icon]) => (
          <a key={to} href={to} aria-current={title === name ? "page" : undefined}>
            <Icon name={icon} />
            <span>{title}</span>
          </a>
        ))}
      </nav>
      <header class="top">
        <span class="where">{name}</span>
        <span class={`dot ${connection.value}`} role="status">
          {connection.value === "live" ? "live" : "not connected; trying again"}
        </span>
        <label>
          <span class="hidden">Time zone</span>
          <select value={zone.value} onChange={(event) => (zone.value = event.currentTarget.value)}>
            {zones.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          <span class="hidden">Theme</span>
          <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value)}>
            <option>auto</option>
            <option>light</option>
            <option>dark</option>
          </select>
        </label>
      </header>
      <main id="main" tabIndex={-1}>
        <Page path={path} />
      </main>
      <div class="toasts" role="status" aria-live="polite">
        {notice.value !== null && <p class={notice.value.bad ? "toast bad" : "toast"}>{notice.value.text}</p>}
      </div>
      <Help />
    </>
  );
}

function Page({ path }: { path: string }) {
  const page = pageAt(path);
  if (page?.name === "overview") return <Overview />;
  if (page?.name === "runs") return page.part === null ? <Runs /> : <Run key={page.part} id={page.part} />;
  if (page?.name === "trends") return <Trends />;
  if (page?.name === "schedules") return <Schedules />;
  if (page?.name === "data") return <Data part={page.part ?? ""} />;
  if (page?.name === "lineage") return <Lineage name={page.part ?? ""} />;
  return (
    <p>
      There is no page at <code>{path}</code>. <a href="/">Overview</a>
    </p>
  );
}
