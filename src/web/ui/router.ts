import { signal } from "@preact/signals";

const read = () => ({ path: location.pathname, query: new URLSearchParams(location.search) });

/** The address of the page. */
export const route = signal(read());

addEventListener("popstate", () => {
  route.value = read();
});

/** Goes to an address of these pages. `replace`: the one before is no place to go back to. */
export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else {
    history.pushState(null, "", to);
    scrollTo(0, 0);
  }
  route.value = read();
}

/** Changes the query of the page: what is null goes. */
export function setQuery(change: Record<string, string | null>, replace = false): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  navigate(`${route.value.path}${query.size === 0 ? "" : `?${query}`}`, replace);
}

/** Links within these pages change the page without loading it. */
addEventListener("click", (event) => {
  const link = (event.target as Element).closest?.("a");
  if (
    link === null ||
    link === undefined ||
    link.origin !== location.origin ||
    link.target !== "" ||
    link.download !== ""
  )
    return;
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  if (link.pathname.startsWith("/api/") || link.pathname === "/metrics") return;
  event.preventDefault();
  navigate(link.pathname + link.search + link.hash);
});
