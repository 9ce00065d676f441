import { setQuery } from "../router.ts";

/** The page's search, kept in its address; `/` goes to it. */
export function SearchField({ search }: { search: string }) {
  return (
    <label>
      Search{" "}
      <input
        type="search"
        data-search
        value={search}
        onInput={(event) => setQuery({ search: event.currentTarget.value }, true)}
      />
    </label>
  );
}
