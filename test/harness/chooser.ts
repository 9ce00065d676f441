import { draw, mix } from "../../src/sample/dataset/random.ts";

/** A sequence of choices out of a seed. */
export function chooser(seed: number) {
  let purpose = 0;
  const below = (bound: number) => draw(mix(seed + 1000), ++purpose, bound);
  return {
    below,
    chance: (percent: number) => below(100) < percent,
    among: <T>(list: readonly T[]) => list[below(list.length)]!,
  };
}

export type Chooser = ReturnType<typeof chooser>;

/** The seeds of a proof: 1 to `count`, or the one that the environment names, as `SEED=7 npm run proof`, to replay it. */
export function seedsUpTo(count: number): number[] {
  const { SEED } = process.env;
  return SEED === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(SEED)];
}
