import { draw } from "./random.ts";
import { Dictionary } from "./words.ts";

const openings = [
  "I opened this account years ago and have never had a problem until now.",
  'On XX/XX/XXXX I called XXXX and was told that "nothing can be done".',
  "They charged me {$58.00}, then {$1200.00} more, without a word.",
  "I am a victim of identity theft; this account isn't mine.",
];
const middles = [
  "\n\nI sent certified mail, faxes and e-mails to XXXX, XXXX. Nobody answered.",
  " My credit score dropped XXXX points because of this.",
  "\nEl banco no me respondi\u00f3; nadie habla espa\u00f1ol all\u00ed.",
];
const ends = [" Please help me to have it corrected.", '\n\nI want my money back, "all of it".', ""];

/** Texts as consumers write them: with line breaks, quotes, masked names and amounts. */
export const narrativeWords = new Dictionary(
  openings.flatMap((opening) => middles.flatMap((middle) => ends.map((end) => opening + middle + end))),
);

const purpose = 41;

/** Three in ten agree to publish their text. */
export function narrativeOf(key: number): number {
  return draw(key, purpose, 10) < 3 ? 1 + draw(key, purpose + 1, narrativeWords.size - 1) : 0;
}
