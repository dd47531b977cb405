import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError, useBackend } from '@unitsphere/backends';
import { forwardAndPullback, Parameter, Random } from '@unitsphere/core';
import { useStockKernels } from '@unitsphere/testing/stock-kernels';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { type OpCase, opCases } from './cases.js';
import { computeBound, type Limits, measureLimits } from './limits.js';
import { countCalls, timeCalls } from './time-repeated.js';

/** Times of one operation on one backend, forward alone or with its gradient. */
export interface OpTimes {
  /** Time of our operation in milliseconds. */
  ours: Summary;
  /** Time of the stock operation in milliseconds. Null if the backend lacks a stock kernel for it. */
  stock: Summary | null;
  /** Stock time over ours. Null if the backend lacks a stock kernel. */
  ratioToStock: Summary | null;
  /** Minimum time under the limits of the machine, in milliseconds. */
  bound: number;
  /** `bound` over our fastest time, because the limits are also the fastest times. */
  fractionOfLimit: number;
}

/** One operation on one backend. */
export interface OpResult {
  name: string;
  forward: OpTimes;
  /** Forward and gradient together. Null for an operation without a gradient. */
  withGradient: OpTimes | null;
}

/** The report of `bench ops`. */
export interface OpsReport {
  benchmark: 'ops';
  date: string;
  machine: Machine;
  repetitions: number;
  backends: { name: string; limits: Limits; ops: OpResult[] }[];
  /** Reason why a backend is absent, by its name. */
  absent: Record<string, string>;
}

/** Times the operations on the given backends, with our kernels and the stock kernels in turns. */
export async function runOps(
  backends: readonly string[],
  repetitions: number,
  log: (message: string) => void = () => undefined,
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
    log(`${name}: measuring the limits`);
    const limits = await measureLimits(repetitions);
    const ops: OpResult[] = [];
    for (const one of cases) {
      log(`${name}: ${one.name}`);
      ops.push(await measure(one, limits, repetitions));
    }
    report.backends.push({ name, limits, ops });
  }
  return report;
}

const NO_IDS = { count: 0, below: 1 };

async function measure(one: OpCase, limits: Limits, repetitions: number): Promise<OpResult> {
  const { parameters, ids } = makeInputs(one);
  const variables = parameters.map(({ variable }) => variable);
  const trained = one.ofImages ? parameters.slice(1) : parameters;
  const forward = () => tf.tidy(() => one.run(variables, ids) as tf.TensorContainer);
  // The tidy disposes the remaining tensors if a stock kernel is missing.
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
      forward: await timeOp(forward, computeBound(one.forward, limits), repetitions),
      withGradient: whole ? await timeOp(both, computeBound(whole, limits), repetitions) : null,
    };
  } finally {
    for (const parameter of parameters) parameter.dispose();
    ids.dispose();
  }
}

function makeInputs({ name, inputs, low = -1, ids: { count, below } = NO_IDS }: OpCase) {
  const random = new Random(0, name);
  const values = (count: number) => Float32Array.from({ length: count }, () => random.uniform(low, 1));
  return {
    parameters: inputs.map((shape) => new Parameter(shape, values(tf.util.sizeFromShape(shape)))),
    ids: tf.tensor1d(
      Int32Array.from({ length: count }, () => random.int(below)),
      'int32',
    ),
  };
}

async function timeOp(
  f: () => tf.TensorContainer,
  boundMilliseconds: number,
  repetitions: number,
): Promise<OpTimes> {
  const calls = await countCalls(f);
  const stockCalls = await countStockCalls(f);
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

/** Returns the number of calls in a measurement with stock kernels. Null if the backend lacks a kernel that f needs. */
async function countStockCalls(f: () => tf.TensorContainer): Promise<number | null> {
  try {
    return await withStock(() => countCalls(f));
  } catch (error) {
    if (/^Kernel '.*' not registered/.test((error as Error).message)) return null;
    throw error;
  }
}
