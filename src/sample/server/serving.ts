import type { BulkColumns } from "../answers/bulk.ts";
import type { Shape, ShapeName } from "../dataset/shapes.ts";
import type { LiveIndex } from "../index/live-index.ts";
import type { Control } from "./control.ts";
import type { Fault, SeenRequest } from "./faults.ts";
import type { RequestKind, Throttle } from "./throttle.ts";

/** Where the source has its search API. */
export const searchPath = "/data-research/consumer-complaints/search/api/v1/";

export type SampleOptions = {
  index: LiveIndex;
  /** The instant the index is looked at, epoch milliseconds; asked once per request. */
  now: () => number;
  /** 0: any free port. */
  port?: number;
  shape?: ShapeName;
  /** Requests a minute; none where there is no limit. */
  rates?: Record<RequestKind, number>;
  /** How many times faster than real the minutes of the limits go. */
  rateClock?: number;
  bulkColumns?: BulkColumns;
  /** Milliseconds before every answer. */
  latencyMs?: number;
  /** Asked before each request is answered; may wait. */
  fault?: (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;
  /** Opens the control endpoint: for tests only. */
  control?: Control;
};

/** What answering needs of the options. */
export type Serving = Omit<SampleOptions, "shape"> & { shape: Shape; throttle: Throttle | null };
