import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError, useBackend } from '@unitsphere/backends';
import { forwardAndPullback, Parameter, Random } from '@unitsphere/core';
import { useStockKernels } from '../../../tools/workspace/stock-kernels.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { type OpCase, opCases } from './cases.js';
import { bound, type Limits, measureLimits } from './limits.js';
import { callsPerMeasurement, timeCalls } from './time-repeated.js';

/** One direction of one operation on one backend. */
export interface OpTimes {
  /** Milliseconds. */
  ours: Summary;
  /** Milliseconds; null where the backend has no stock kernel for it. */
  stock: Summary | null;
  /** How many times as fast ours is. */
  ratioToStock: Summary | null;
  /** Milliseconds that the machine's limits allow. */
  bound: number;
  /** bound / the fastest of ours, as the limits are the best that was seen. */
  fractionOfLimit: number;
}

/** One operation on one backend. */
export interface OpResult {
  name: string;
  forward: OpTimes;
  /** Forward and gradient together; null for an operation without a gradient. */
  withGradient: OpTimes | null;
}

/** What `bench ops` writes. */
export interface OpsReport {
  benchmark: 'ops';
  date: string;
  machine: Machine;
  repetitions: number;
  backends: { name: string; limits: Limits; ops: OpResult[] }[];
  /** Why a backend is not there, by name. */
  absent: Record<string, string>;
}

/** Times the operations on the backends named, ours and stock in turns. */
export async function runOps(
  backends: readonly string[],
  repetitions: number,
  say: (message: string) => void = () => undefined,
  cases: readonly OpCase[] = opCases,
): Promise<OpsReport> {
  const report: OpsReport = {
    benchmark: 'ops',
    date: new Date().toISOString(),
    machine: describeMachine(),
    repetitions,
    backends: [],
    absent: {},
  };
  for (const name of backends) {
    try {
      await useBackend(name);
    } catch (error) {
      if (!(error instanceof BackendUnavailableError)) throw error;
      report.absent[name] = error.message;
      continue;
    }
    say(`${name}: the limits`);
    const limits = await measureLimits(repetitions);
    const ops: OpResult[] = [];
    for (const one of cases) {
      say(`${name}: ${one.name}`);
      ops.push(await measure(one, limits, repetitions));
    }
    report.backends.push({ name, limits, ops });
  }
  return report;
}

async function measure(one: OpCase, limits: Limits, repetitions: number): Promise<OpResult> {
  const { parameters, ids } = makeInputs(one);
  const variables = parameters.map(({ variable }) => variable);
  const trained = one.ofImages ? parameters.slice(1) : parameters;
  const forward = () => tf.tidy(() => one.run(variables, ids) as tf.TensorContainer);
  // The tidy frees what is left where stock kernels throw half-way.
  const both = () =>
    tf.tidy(() => {
      const { value, pullback } = forwardAndPullback(forward as () => tf.Tensor, trained);
      return [value, ...pullback().filter((gradient) => gradient !== null)];
    });
  const { gradient } = one;
  const whole = gradient && {
    bytes: one.forward.bytes + gradient.bytes,
    flops: one.forward.flops + gradient.flops,
  };
  try {
    return {
      name: one.name,
      forward: await times(forward, bound(one.forward, limits), repetitions),
      withGradient: whole ? await times(both, bound(whole, limits), repetitions) : null,
    };
  } finally {
    for (const parameter of parameters) parameter.dispose();
    ids?.dispose();
  }
}

function makeInputs({ name, inputs, low = -1, ids }: OpCase): { parameters: Parameter[]; ids?: tf.Tensor1D } {
  const random = new Random(0, name);
  const values = (count: number) => Float32Array.from({ length: count }, () => random.uniform(low, 1));
  return {
    parameters: inputs.map((shape) => new Parameter(shape, values(tf.util.sizeFromShape(shape)))),
    ids:
      ids &&
      tf.tensor1d(
        Int32Array.from({ length: ids.count }, () => random.int(ids.below)),
        'int32',
      ),
  };
}

async function times(
  f: () => tf.TensorContainer,
  boundMilliseconds: number,
  repetitions: number,
): Promise<OpTimes> {
  const calls = await callsPerMeasurement(f);
  const stockCalls = await stockCallsOf(f);
  const ours: number[] = [];
  const stock: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    ours.push(await timeCalls(f, calls));
    if (stockCalls !== null) stock.push(await withStock(() => timeCalls(f, stockCalls)));
  }
  const summary = summarize(ours);
  return {
    ours: summary,
    stock: stock.length ? summarize(stock) : null,
    ratioToStock: stock.length ? pairedRatio(stock, ours) : null,
    bound: boundMilliseconds,
    fractionOfLimit: boundMilliseconds / summary.low,
  };
}

async function withStock<T>(f: () => Promise<T>): Promise<T> {
  const restore = useStockKernels(tf.getBackend());
  try {
    return await f();
  } finally {
    restore();
  }
}

/** How many calls of f make a measurement on stock kernels; null where the backend lacks one that f needs. */
async function stockCallsOf(f: () => tf.TensorContainer): Promise<number | null> {
  try {
    return await withStock(() => callsPerMeasurement(f));
  } catch (error) {
    if (/^Kernel '.*' not registered/.test((error as Error).message)) return null;
    throw error;
  }
}
