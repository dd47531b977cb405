import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { floats, widthOf } from './program.js';
import { webGpuRuntime } from './runtime.js';

export const gatherRowsWebGpu: Kernel<{ x: tf.Tensor2D; ids: tf.Tensor1D }, { rows: number }> = ({
  inputs: { x, ids },
  attrs: { rows },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const [count, dimensions] = [ids.shape[0], x.shape[1]];
  const out = runtime.output([count, dimensions]);
  if (count === 0) return out;
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(dimensions);
  const T = floats(vector);
  const program = {
    key: `gatherRows ${vector} ${workgroupSize}`,
    inputs: { x: T, ids: 'i32' },
    outputs: { out: T },
    uniforms: {
      total: 'u32',
      dimensions: 'u32',
      rows: 'u32',
      place: 'u32',
      first: 'i32',
      part: 'i32',
    } as const,
    workgroupSize,
    body: `
  let id = group * ${workgroupSize}u + local;
  if (id < u.total) {
    let row = i32(min(u32(ids[u.place + id / u.dimensions]), u.rows - 1u)) - u.first;
    if (row >= 0 && row < u.part) { out[id] = x[u32(row) * u.dimensions + id % u.dimensions]; }
  }`,
  };
  // A table that is too large to bind is split into parts, each of which gives the rows in it.
  runtime.forParts('gatherRows', rows, [dimensions], (first, part) =>
    runtime.forParts('gatherRows', count, [dimensions], (place, many) => {
      const total = (many * dimensions) / vector;
      runtime.run(
        program,
        {
          x: { tensor: x, start: first * dimensions, count: part * dimensions },
          ids,
          out: { tensor: out, start: place * dimensions, count: many * dimensions },
        },
        { total, dimensions: dimensions / vector, rows, place, first, part },
        Math.ceil(total / workgroupSize),
      );
    }),
  );
  return out;
};

/**
 * Adds in the order of the rows, so that results are reproducible, unlike those of atomic additions. Each row first finds the
 * next row with its index, and whether there is an earlier one. Then the first row of each index sums along these links.
 */
export const scatterAddRowsWebGpu: Kernel<{ x: tf.Tensor2D; ids: tf.Tensor1D }, { rows: number }> = ({
  inputs: { x, ids },
  attrs: { rows },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const [count, dimensions] = x.shape;
  if (count === 0) return runtime.zeros([rows, dimensions]);
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(dimensions);
  const T = floats(vector);
  const out = runtime.output([rows, dimensions]);
  const size = rows * dimensions;
  const width = widthOf(size);
  runtime.forParts('scatterAddRows', size / width, [width], (start, part) =>
    runtime.run(
      {
        key: `clear ${width} ${workgroupSize}`,
        inputs: {},
        outputs: { out: floats(width) },
        uniforms: { count: 'u32' },
        workgroupSize,
        body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) { out[i] = ${floats(width)}(); }`,
      },
      { out: { tensor: out, start: start * width, count: part * width } },
      { count: part },
      Math.ceil(part / workgroupSize),
    ),
  );
  const links = runtime.output([count], 'int32');
  runtime.run(
    {
      key: `linkRows ${workgroupSize}`,
      inputs: { ids: 'i32' },
      outputs: { links: 'i32' },
      uniforms: { count: 'u32' },
      workgroupSize,
      // links[i] is the next row with the same index, or count; it is −1 minus that if an earlier row has the index.
      body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) {
    let own = ids[i];
    var next = i + 1u;
    while (next < u.count && ids[next] != own) { next++; }
    var before = 0u;
    while (before < i && ids[before] != own) { before++; }
    links[i] = select(-1 - i32(next), i32(next), before == i);
  }`,
    },
    { ids, links },
    { count },
    Math.ceil(count / workgroupSize),
  );
  const total = (count * dimensions) / vector;
  runtime.run(
    {
      key: `addLinkedRows ${vector} ${workgroupSize}`,
      inputs: { x: T, ids: 'i32', links: 'i32' },
      outputs: { out: T },
      uniforms: { total: 'u32', count: 'i32', dimensions: 'u32', rows: 'u32' },
      workgroupSize,
      body: `
  let id = group * ${workgroupSize}u + local;
  if (id < u.total) {
    let i = id / u.dimensions;
    let d = id % u.dimensions;
    var next = links[i];
    let row = u32(ids[i]);
    if (next >= 0 && row < u.rows) {
      var sum = x[id];
      while (next < u.count) {
        sum += x[u32(next) * u.dimensions + d];
        next = -1 - links[next];
      }
      out[row * u.dimensions + d] = sum;
    }
  }`,
    },
    { x, ids, links, out },
    { total, count, dimensions: dimensions / vector, rows },
    Math.ceil(total / workgroupSize),
  );
  runtime.free(links);
  return out;
};
