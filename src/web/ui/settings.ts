import { effect, signal } from "@preact/signals";

const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

function kept(name: string, preset: string) {
  const value = signal(localStorage.getItem(name) ?? preset);
  effect(() => localStorage.setItem(name, value.value));
  return value;
}

/** The zone that times are shown in, and the theme: `auto`, `light`, `dark`. */
export const zone = kept("zone", own);
export const theme = kept("theme", "auto");
export const zones = [...new Set([own, "UTC", "America/New_York", "America/Los_Angeles", "Europe/Berlin"])];

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
