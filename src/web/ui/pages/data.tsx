import { useEffect } from "preact/hooks";
import { route } from "../router.ts";
import { Companies } from "./data-companies.tsx";
import { Executive } from "./data-executive.tsx";
import { Geography } from "./data-geography.tsx";
import { Sql } from "./data-sql.tsx";

const parts = [
  ["", "Executive"],
  ["geography", "Geography"],
  ["companies", "Companies"],
  ["sql", "SQL"],
] as const;

/** What the data says, by the published snapshot. Every filter stands in the address. */
export function Data({ part }: { part: string }) {
  useEffect(() => {
    document.title = "Data: pipeline";
  }, []);
  const query = route.value.query.toString();
  return (
    <>
      <h1>Data</h1>
      <nav class="tabs" aria-label="Data pages">
        {parts.map(([name, title]) => (
          <a
            key={name}
            href={`/data${name === "" ? "" : `/${name}`}${query === "" || name === "sql" ? "" : `?${query}`}`}
            aria-current={name === part ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {part === "" && <Executive />}
      {part === "geography" && <Geography />}
      {part === "companies" && <Companies />}
      {part === "sql" && <Sql />}
    </>
  );
}
