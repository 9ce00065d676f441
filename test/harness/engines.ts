import assert from "node:assert/strict";
import type { BuildHint, Engine, StepOptions, StepResult } from "../../src/pipeline/flow/engine.ts";
import {
  resultSchema,
  type StepInput,
  type StepKey,
  type StepName,
  type StepOutput,
  steps,
} from "../../src/pipeline/flow/steps.ts";
import { landed as landedSchema } from "../../src/pipeline/flow/values.ts";
import type { ExtractAndLoad, Handlers } from "../../src/pipeline/steps/handlers.ts";
import { landAll, landedFiles } from "../../src/pipeline/steps/landed.ts";
import type { LandedFiles } from "../../src/pipeline/steps/ports.ts";

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** An engine that sends every input and output through JSON and their schemas, as one does that runs steps elsewhere. */
export function throughJson(engine: Engine): Engine {
  return {
    async run<S extends StepName>(step: S, key: StepKey | null, input: StepInput<S>, options: StepOptions) {
      const sent = steps[step].input.strict().parse(overTheWire(input)) as StepInput<S>;
      assert.deepEqual(sent, input, `the input of ${step} is not what its schema says`);
      const result = await engine.run(step, key, sent, overTheWire(options) as StepOptions);
      const received = resultSchema(step).parse(overTheWire(result));
      assert.deepEqual(received, overTheWire(result), `the output of ${step} is not what its schema says`);
      return received as StepResult<StepOutput<S>>;
    },
    skip: (step, key, reason) => engine.skip(step, key, reason),
    announce: (step, hint) => engine.announce(step, overTheWire(hint) as BuildHint),
  };
}

/** Handlers whose extraction and load run apart: all files are landed first, and a JSON value goes from one to the other. */
export function inTwoPlaces<H extends Partial<Handlers>>(handlers: H): H {
  const pair = handlers.extract_and_load_complaints;
  if (pair === undefined) return handlers;
  const apart: ExtractAndLoad = {
    ...pair,
    async *extract(request, context): LandedFiles {
      const landed = await landAll(pair.extract(request, context));
      return yield* landedFiles(landedSchema.strict().parse(overTheWire(landed)));
    },
  };
  return { ...handlers, extract_and_load_complaints: apart };
}

/** One call of a flow, and what came of it. */
type Call = { call: unknown; result: unknown };

/** An engine that remembers what it was asked to do, and what came of it. */
export function recording(engine: Engine): { engine: Engine; calls: Call[] } {
  const calls: Call[] = [];
  return {
    calls,
    engine: {
      async run<S extends StepName>(step: S, key: StepKey | null, input: StepInput<S>, options: StepOptions) {
        const call: Call = { call: overTheWire({ step, key, input, options }), result: undefined };
        calls.push(call);
        const result = await engine.run(step, key, input, options);
        call.result = overTheWire(result);
        return result;
      },
      skip(step, key, reason) {
        calls.push({ call: overTheWire({ step, key, reason }), result: undefined });
        engine.skip(step, key, reason);
      },
      async announce(step, hint) {
        calls.push({ call: overTheWire({ announced: step, hint }), result: undefined });
        await engine.announce(step, hint);
      },
    },
  };
}

/**
 * An engine that runs nothing: it gives back what was recorded, and fails where the flow decides otherwise than it did. What is done for one
 * company comes in the recorded order, and so does what is done for none; companies are done side by side.
 */
export function replaying(calls: readonly Call[]): Engine & { left: Call[] } {
  const left = [...calls];
  const companyOf = (call: unknown) => (call as { key?: StepKey | null }).key?.company ?? null;
  const take = (call: unknown): unknown => {
    const at = left.findIndex((one) => companyOf(one.call) === companyOf(call));
    assert.deepEqual(call, left[at]?.call, "the flow has decided otherwise");
    return left.splice(at, 1)[0]!.result;
  };
  return {
    left,
    async run<S extends StepName>(step: S, key: StepKey | null, input: StepInput<S>, options: StepOptions) {
      return take(overTheWire({ step, key, input, options })) as StepResult<StepOutput<S>>;
    },
    skip: (step, key, reason) => void take(overTheWire({ step, key, reason })),
    announce: async (step, hint) => void take(overTheWire({ announced: step, hint })),
  };
}
