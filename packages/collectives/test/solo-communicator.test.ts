import { expect, test } from 'vitest';
import { CollectiveAbortedError, equalParts, soloCommunicator } from '../src/index.js';

test('every call of a single rank returns its own values', () => {
  const group = soloCommunicator();
  expect([group.rank, group.size]).toEqual([0, 1]);
  const data = Float32Array.of(1, -2, 3);
  group.barrier();
  group.broadcast(data);
  for (const op of ['sum', 'mean', 'max'] as const) group.allReduce(data, op);
  expect(data).toEqual(Float32Array.of(1, -2, 3));
  const gathered = group.allGather(data);
  const scattered = group.reduceScatter(data);
  expect([gathered, scattered, group.gather(data)]).toEqual([data, data, data]);
  // The arrays are new, as in a larger group.
  expect([gathered === data, scattered.buffer === data.buffer]).toEqual([false, false]);
});

test('checks arguments like a larger group', () => {
  const group = soloCommunicator();
  expect(() => group.broadcast(new Float32Array(1), 1)).toThrow(/root must be a rank from 0 to 0/);
  expect(() => group.reduceScatter(new Float32Array(3), [2])).toThrow(/add up to 2, but there are 3 values/);
  expect(() => group.reduceScatter(new Float32Array(3), [-1])).toThrow(/a non-negative integer, not -1/);
});

test('calls after abort throw with its reason', () => {
  const group = soloCommunicator();
  group.abort(new Error('enough'));
  group.abort('another');
  for (const call of [
    () => group.barrier(),
    () => group.broadcast(new Float32Array(1)),
    () => group.allReduce(new Float32Array(1)),
    () => group.allGather(new Float32Array(1)),
    () => group.gather(new Float32Array(1)),
    () => group.reduceScatter(new Float32Array(1)),
  ]) {
    expect(call).toThrow(CollectiveAbortedError);
    expect(call).toThrow('the group of replicas was aborted: enough');
  }
});

test('equalParts returns larger parts first', () => {
  expect(equalParts(7, 3)).toEqual([3, 2, 2]);
  expect(equalParts(1, 3)).toEqual([1, 0, 0]);
  expect(equalParts(0, 2)).toEqual([0, 0]);
  expect(() => equalParts(-1, 2)).toThrow(/a non-negative integer, not -1/);
  expect(() => equalParts(4, 0)).toThrow(/a positive integer, not 0/);
});
