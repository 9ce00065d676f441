import { readFileSync } from "node:fs";
import { geoPath } from "d3-geo";
import { feature } from "topojson-client";
import { presimplify, simplify } from "topojson-simplify";

/** Postal codes of the states' FIPS codes. */
const codes: Record<string, string> = Object.fromEntries(
  "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY 22LA 23ME 24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH 40OK 41OR 42PA 44RI 45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY"
    .split(" ")
    .map((pair) => [pair.slice(0, 2), pair.slice(2)]),
);

type Topology = { objects: { states: object } };
type Feature = { id: string; properties: { name: string } };

/**
 * src/web/ui/parts/us-map.json: the states as SVG paths, in a view of 975 by 610, out of the Census Bureau's cartographic boundaries (us-atlas).
 */
export function usMap(): string {
  const atlas = JSON.parse(readFileSync("node_modules/us-atlas/states-albers-10m.json", "utf8")) as Topology;
  const simple = simplify(presimplify(atlas as never), 2);
  const { features } = feature(simple, (simple as unknown as Topology).objects.states as never) as unknown as {
    features: Feature[];
  };
  const draw = geoPath().digits(0);
  const states = features
    .filter(({ id }) => codes[id] !== undefined)
    .map((state) => ({ code: codes[state.id], name: state.properties.name, path: draw(state as never) }));
  return `${JSON.stringify(states)}\n`;
}
