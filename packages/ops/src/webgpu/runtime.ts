import * as tf from '@tensorflow/tfjs-core';
import { readTuningOverrides, shouldPrintWgsl } from '../debug-flags.js';
import type { WebGpuBackend } from './backend.js';
import { type Program, wgsl } from './program.js';
import { type Tuning, tuningFor } from './tuning.js';

interface Compiled {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** Part of a tensor: `count` elements from `start`. */
export interface Range {
  tensor: tf.TensorInfo;
  start: number;
  count: number;
  /**
   * Set if the elements are half floats, two per value of the tensor, scaled by a power of two. This tensor has the exponent
   * (see operands.ts).
   */
  exponent?: tf.TensorInfo;
}

/** Operand or result of a product. */
export type Operand = tf.TensorInfo | Range;

/** Bindings of a dispatch, by the program's names. */
export type Bound = { [name: string]: tf.TensorInfo | Range };

const BYTES = 4;
/** Bytes of a half float. */
export const HALF_BYTES = 2;
const MOST_GROUPS = 65_535;

/** Records our kernels into the command encoder of a WebGPU backend, in order with its stock kernels. */
export class WebGpuRuntime {
  /** Choices that depend on the kind of device; tests change it. */
  tuning: Tuning;
  /** Largest part of a buffer that a program can bind, in bytes; tests lower it. */
  maxBindingBytes: number;
  /** Number of buffers that a program can bind; tests lower it. */
  mostBuffers: number;
  readonly #pipelines = new Map<string, Compiled>();
  readonly #alignment: number;
  readonly #backend: WebGpuBackend;

  constructor(backend: WebGpuBackend) {
    this.#backend = backend;
    const { device, tensorMap } = backend;
    if (!device || !tensorMap || typeof backend.makeUniforms !== 'function') {
      throw new Error(
        'unitsphere: this version of @tensorflow/tfjs-backend-webgpu lacks internals that our kernels use. Install @tensorflow/tfjs-backend-webgpu@4.22.',
      );
    }
    const { adapterInfo } = device as GPUDevice & { adapterInfo?: object };
    const tuning = tuningFor(device, adapterInfo ?? backend.adapterInfo ?? {});
    this.tuning = { ...tuning, ...readTuningOverrides() };
    this.maxBindingBytes = device.limits.maxStorageBufferBindingSize;
    this.mostBuffers = device.limits.maxStorageBuffersPerShaderStage;
    this.#alignment = device.limits.minStorageBufferOffsetAlignment;
  }

  /** Number of compiled programs. */
  get pipelineCount(): number {
    return this.#pipelines.size;
  }

  /** Creates a tensor with undefined values. */
  output(shape: number[], dtype: tf.DataType = 'float32'): tf.TensorInfo {
    const tensor = this.#backend.makeTensorInfo(shape, dtype);
    if (sizeOf(tensor) === 0) {
      this.#backend.tensorMap.get(tensor.dataId).values = tf.util.getTypedArrayFromDType(
        dtype as 'float32',
        0,
      );
    }
    return tensor;
  }

  /** Creates a tensor of zeros. */
  zeros(shape: number[], dtype: 'float32' | 'int32' = 'float32'): tf.TensorInfo {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.#backend.makeTensorInfo(shape, dtype, tf.util.getTypedArrayFromDType(dtype, size));
  }

  /** Frees a kernel's temporary tensor. The device keeps it until its recorded work is done. */
  free(tensor: tf.TensorInfo): void {
    this.#backend.disposeData(tensor.dataId);
  }

  /** Returns whether another tensor shares the data, which then must not be updated in place. */
  isShared(tensor: tf.TensorInfo): boolean {
    return this.#backend.refCount(tensor.dataId) > 1;
  }

  /**
   * Calls fn for parts of `rows` rows, as few as the device can bind.
   * @param rowElements Elements per row of each tensor.
   * @param leastBytes Bytes of the smallest element type.
   * @throws Error if not even the smallest part can be bound.
   */
  forParts(
    op: string,
    rows: number,
    rowElements: number[],
    fn: (start: number, count: number) => void,
    leastBytes = BYTES,
  ): void {
    const most = Math.max(...rowElements) * BYTES;
    if (rows * most <= this.maxBindingBytes) {
      fn(0, rows);
      return;
    }
    const step = this.alignedRows(rowElements, leastBytes);
    const part = Math.floor(this.maxBindingBytes / (step * most)) * step;
    if (part === 0) throw this.#tooLarge(op, `${step} rows of ${most} bytes`);
    for (let start = 0; start < rows; start += part) fn(start, Math.min(part, rows - start));
  }

  /** Returns the smallest number of rows after which a part can begin at an aligned address in every tensor. */
  alignedRows(rowElements: number[], bytes = BYTES): number {
    let rows = 1;
    while (rowElements.some((elements) => (rows * elements * bytes) % this.#alignment !== 0)) rows++;
    return rows;
  }

  /** Records one dispatch of `groups` workgroups. */
  run(program: Program, bound: Bound, numbers: { [name: string]: number }, groups: number): void {
    const folded = groups > MOST_GROUPS;
    const { pipeline, layout } = this.#compiled(program, folded);
    const backend = this.#backend;
    const names = [...Object.keys(program.inputs), ...Object.keys(program.outputs)];
    const converted: tf.TensorInfo[] = [];
    const buffers = names.map((name) => this.#binding(program, name, bound[name], converted));
    const fields = Object.entries(program.uniforms).map(([name, type]) => ({
      type: { u32: 'uint32', i32: 'int32', f32: 'float32' }[type],
      data: [numbers[name]],
    }));
    if (folded) fields.push({ type: 'uint32', data: [groups] });
    if (fields.length === 0) fields.push({ type: 'uint32', data: [0] });
    const bindGroup = backend.device.createBindGroup({
      layout,
      entries: [...buffers, backend.makeUniforms(fields)].map((resource, binding) => ({ binding, resource })),
    });
    backend.ensureCommandEncoderReady();
    backend.computePassEncoder ??= backend.commandEncoder.beginComputePass();
    const pass = backend.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    const y = Math.ceil(groups / MOST_GROUPS);
    pass.dispatchWorkgroups(Math.ceil(groups / y), y);
    for (const tensor of converted) this.free(tensor);
    backend.dispatchCountInPass++;
    if (backend.dispatchCountInPass >= tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
  }

  /**
   * Returns the binding of a tensor or of a part of one.
   * @param converted Receives the tensor of floats that replaces one of integers; the caller frees it.
   */
  #binding(
    program: Program,
    name: string,
    bound: tf.TensorInfo | Range,
    converted: tf.TensorInfo[],
  ): GPUBufferBinding {
    const {
      tensor: given,
      start,
      count,
      exponent,
    }: Range = 'tensor' in bound ? bound : { tensor: bound, start: 0, count: sizeOf(bound) };
    const backend = this.#backend;
    const tensor = this.#isCastFromIntegers(given) ? this.#toFloats(given) : given;
    if (tensor !== given) {
      if (name in program.outputs) {
        throw new Error(
          `${program.key.split(' ')[0]}: ${name} of shape [${given.shape}] was cast from integers and still has their bits in memory, so it cannot be updated in place. Convert it to floats: tf.mul(x, tf.scalar(1)).`,
        );
      }
      converted.push(tensor);
    }
    backend.uploadToGPU(tensor.dataId);
    backend.commandQueueOwnedIds.add(tensor.dataId);
    const data = backend.tensorMap.get(tensor.dataId);
    // Values downloaded before are stale.
    if (name in program.outputs) data.values = null;
    const bytes = exponent ? HALF_BYTES : BYTES;
    const [offset, size] = [start * bytes, Math.ceil((count * bytes) / BYTES) * BYTES];
    if (size > this.maxBindingBytes || offset % this.#alignment !== 0) {
      throw this.#tooLarge(program.key.split(' ')[0], `${name} of shape [${tensor.shape}]`);
    }
    return { buffer: data.resource, offset, size };
  }

  /** Returns whether a float32 tensor has int32 values in memory, or bool ones, which are stored alike. */
  #isCastFromIntegers({ dtype, dataId }: tf.TensorInfo): boolean {
    return dtype === 'float32' && this.#backend.tensorMap.get(dataId).dtype !== 'float32';
  }

  /** Creates a tensor of floats from one that was cast from integers. */
  #toFloats(tensor: tf.TensorInfo): tf.TensorInfo {
    const y = this.output(tensor.shape);
    const { workgroupSize } = this.tuning;
    const program: Program = {
      key: `floats ${workgroupSize}`,
      inputs: { x: 'i32' },
      outputs: { y: 'f32' },
      uniforms: { count: 'u32' },
      workgroupSize,
      body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) { y[i] = f32(x[i]); }`,
    };
    const x: tf.TensorInfo = { dataId: tensor.dataId, shape: tensor.shape, dtype: 'int32' };
    this.forParts('cast', sizeOf(tensor), [1, 1], (start, count) => {
      const bound = { x: { tensor: x, start, count }, y: { tensor: y, start, count } };
      this.run(program, bound, { count }, Math.ceil(count / workgroupSize));
    });
    return y;
  }

  #tooLarge(op: string, what: string): Error {
    return new Error(
      `${op}: cannot bind ${what}: the device binds at most ${this.maxBindingBytes} bytes at a time. Use a smaller batch or another backend.`,
    );
  }

  #compiled(program: Program, folded: boolean): Compiled {
    const key = folded ? `${program.key} folded` : program.key;
    let compiled = this.#pipelines.get(key);
    if (!compiled) {
      compiled = this.#compile(program, folded);
      this.#pipelines.set(key, compiled);
    }
    return compiled;
  }

  #compile(program: Program, folded: boolean): Compiled {
    const { device } = this.#backend;
    const code = wgsl(program, folded);
    if (shouldPrintWgsl()) console.log(`// ${program.key}\n${code}`);
    const buffers = [
      ...Object.keys(program.inputs).map(() => 'read-only-storage' as const),
      ...Object.keys(program.outputs).map(() => 'storage' as const),
      'uniform' as const,
    ];
    const layout = device.createBindGroupLayout({
      entries: buffers.map((type, binding) => ({ binding, visibility: 4, buffer: { type } })),
    });
    const pipeline = device.createComputePipeline({
      label: program.key,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: device.createShaderModule({ code, label: program.key }),
        entryPoint: 'main',
      },
    });
    return { pipeline, layout };
  }
}

/** Returns the number of elements of a tensor. */
export function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((a, b) => a * b, 1);
}

const runtimes = new WeakMap<object, WebGpuRuntime>();

/** Returns the runtime of a WebGPU backend, created at its first kernel. */
export function webGpuRuntime(backend: unknown): WebGpuRuntime {
  let runtime = runtimes.get(backend as object);
  if (!runtime) {
    runtime = new WebGpuRuntime(backend as WebGpuBackend);
    runtimes.set(backend as object, runtime);
  }
  return runtime;
}
