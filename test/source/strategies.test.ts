import { strategyNames } from "../../src/pipeline/scope/strategy.ts";
import { strategySuite } from "./strategy-suite.ts";

for (const name of strategyNames) strategySuite(name);
