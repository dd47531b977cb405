import { expect, test } from 'vitest';
import { CollectiveAbortedError, equalParts, soloCommunicator } from '../src/index.js';

test('one rank has everything already', () => {
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
  // New arrays, as in a larger group.
  expect([gathered === data, scattered.buffer === data.buffer]).toEqual([false, false]);
});

test('checks what a larger group checks', () => {
  const group = soloCommunicator();
  expect(() => group.broadcast(new Float32Array(1), 1)).toThrow(/root must be a rank from 0 to 0/);
  expect(() => group.reduceScatter(new Float32Array(3), [2])).toThrow(/add up to 2, but 3 values came/);
  expect(() => group.reduceScatter(new Float32Array(3), [-1])).toThrow(/an integer from 0, not -1/);
});

test('calls after abort throw its reason', () => {
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
    expect(call).toThrow('the group of replicas was ended: enough');
  }
});

test('equal parts, the larger ones first', () => {
  expect(equalParts(7, 3)).toEqual([3, 2, 2]);
  expect(equalParts(1, 3)).toEqual([1, 0, 0]);
  expect(equalParts(0, 2)).toEqual([0, 0]);
  expect(() => equalParts(-1, 2)).toThrow(/integer from 0, not -1/);
  expect(() => equalParts(4, 0)).toThrow(/integer from 1, not 0/);
});
