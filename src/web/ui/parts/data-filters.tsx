import type { Table } from "../../contract.ts";
import { useQuery } from "../api.ts";
import { route, setQuery } from "../router.ts";
import { rowsOf } from "./chart-card.tsx";

const filterNames = ["company", "product", "state", "from", "to"] as const;

/** The chart of a name under the page's filters, or under others. */
export function useChart(name: string, change: Record<string, string | null> = {}) {
  const filter = new URLSearchParams();
  for (const key of filterNames) {
    const value = key in change ? change[key] : route.value.query.get(key);
    if (value != null && value !== "") filter.set(key, value);
  }
  return useQuery<Table>(`/charts/${name}${filter.size === 0 ? "" : `?${filter}`}`);
}

export const text = (value: unknown) => String(value ?? "");
export const number = (value: unknown) => (value === null || value === undefined ? null : Number(value));

/** The filters of the data pages, and those that are set as chips to take away. */
export function Filters() {
  const { query } = route.value;
  const companies = useChart("companies", { company: null });
  const products = useChart("products", { product: null });
  const states = useChart("states", { state: null });
  const company = JSON.parse(query.get("company") ?? "[]") as string[];
  const names = (table: Table | null, column: string) =>
    table === null ? [] : rowsOf(table).map((row) => text(row[column]));
  const Pick = ({ label, name, values }: { label: string; name: string; values: string[] }) => (
    <label>
      {label}{" "}
      <select value={query.get(name) ?? ""} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        <option value="">all</option>
        {values.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Company{" "}
          <select
            value=""
            onChange={(event) => {
              const added = [...new Set([...company, event.currentTarget.value])];
              setQuery({ company: JSON.stringify(added) });
            }}
          >
            <option value="">{company.length === 0 ? "all" : "add one"}</option>
            {names(companies.data, "company").map((value) => (
              <option key={value}>{value}</option>
            ))}
          </select>
        </label>
        <Pick label="Product" name="product" values={names(products.data, "product")} />
        <Pick label="State" name="state" values={names(states.data, "state").sort()} />
        {(["from", "to"] as const).map((name) => (
          <label key={name}>
            {name === "from" ? "From" : "To"}{" "}
            <input
              type="date"
              value={query.get(name) ?? ""}
              onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </form>
      <p class="chips">
        {company.map((one) => (
          <button
            key={one}
            type="button"
            class="chip"
            onClick={() => {
              const rest = company.filter((other) => other !== one);
              setQuery({ company: rest.length === 0 ? null : JSON.stringify(rest) });
            }}
          >
            {one} ×
          </button>
        ))}
        {(["product", "state", "from", "to"] as const)
          .filter((name) => query.get(name))
          .map((name) => (
            <button key={name} type="button" class="chip" onClick={() => setQuery({ [name]: null })}>
              {name}: {query.get(name)} ×
            </button>
          ))}
      </p>
    </>
  );
}
