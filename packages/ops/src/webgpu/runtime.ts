import * as tf from '@tensorflow/tfjs-core';
import { type Program, wgsl } from './program.js';
import { type Tuning, tuningFor } from './tuning.js';

/** The part of TensorFlow.js's WebGPU backend that our kernels stand on. */
interface WebGpuBackend {
  device: GPUDevice;
  adapterInfo?: object;
  tensorMap: { get(id: object): TensorData };
  commandQueueOwnedIds: WeakSet<object>;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: tf.TypedArray): tf.TensorInfo;
  makeUniforms(fields: { type: string; data: number[] }[]): GPUBufferBinding;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  disposeData(dataId: object): boolean;
  refCount(dataId: object): number;
}

interface TensorData {
  /** What the values are in memory: a cast from int32 to float32 leaves them as they are. */
  dtype: tf.DataType;
  values: ArrayLike<number> | null;
  resource?: GPUBuffer | null;
}

interface Compiled {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** A part of a tensor: `count` elements from `start`. */
export interface Range {
  tensor: tf.TensorInfo;
  start: number;
  count: number;
  /**
   * The elements are half floats, two in each place of the tensor, times a power of two: this tensor says which (see
   * operands.ts).
   */
  exponent?: tf.TensorInfo;
}

/** What a product reads or writes. */
export type Operand = tf.TensorInfo | Range;

/** What a dispatch binds for each of its program's names. */
export type Bound = { [name: string]: tf.TensorInfo | Range };

const BYTES = 4;
/** Of a half float. */
export const HALF_BYTES = 2;
const MOST_GROUPS = 65_535;

/** Our kernels on one WebGPU backend, recorded into its own command encoder, so in order with stock kernels. */
export class WebGpuRuntime {
  /** What kernels choose by the kind of device; tests change it. */
  tuning: Tuning;
  /** The largest part of a buffer that a program can bind, in bytes; tests lower it. */
  maxBindingBytes: number;
  readonly #pipelines = new Map<string, Compiled>();
  readonly #alignment: number;

  readonly #backend: WebGpuBackend;

  constructor(backend: WebGpuBackend) {
    this.#backend = backend;

    const { device, tensorMap } = backend;
    if (!device || !tensorMap || typeof backend.makeUniforms !== 'function') {
      throw new Error(
        'unitsphere: this @tensorflow/tfjs-backend-webgpu is not built as 4.22 is. Install @tensorflow/tfjs-backend-webgpu@4.22.',
      );
    }
    const { adapterInfo } = device as GPUDevice & { adapterInfo?: object };
    this.tuning = tuningFor(device, adapterInfo ?? backend.adapterInfo ?? {});
    this.maxBindingBytes = device.limits.maxStorageBufferBindingSize;
    this.#alignment = device.limits.minStorageBufferOffsetAlignment;
  }

  /** How many programs were compiled. */
  get pipelineCount(): number {
    return this.#pipelines.size;
  }

  /** A new tensor, its values not set. */
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

  /** A new tensor of zeros. */
  zeros(shape: number[], dtype: 'float32' | 'int32' = 'float32'): tf.TensorInfo {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.#backend.makeTensorInfo(shape, dtype, tf.util.getTypedArrayFromDType(dtype, size));
  }

  /** Frees a tensor that a kernel made for itself; the device keeps it until it has done its work. */
  free(tensor: tf.TensorInfo): void {
    this.#backend.disposeData(tensor.dataId);
  }

  /** Whether another tensor has the same data, so that it must not be changed where it lies. */
  isShared(tensor: tf.TensorInfo): boolean {
    return this.#backend.refCount(tensor.dataId) > 1;
  }

  /**
   * Calls fn for parts of `rows` rows, as few as there can be: each tensor, given by its elements in a row, must be bound
   * in a piece that the device takes.
   * @param leastBytes Of an element of the tensor with the smallest.
   * @throws Error where not even the smallest part can be.
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

  /** The fewest rows after which another part can begin: at addresses that are aligned in every tensor. */
  alignedRows(rowElements: number[], bytes = BYTES): number {
    let step = 1;
    while (rowElements.some((elements) => (step * elements * bytes) % this.#alignment !== 0)) step++;
    return step;
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
    backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
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

  /** @param converted Takes a tensor that was made for this binding. */
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
    const tensor = this.#isCastFromIntegers(given) ? this.#asFloats(given) : given;
    if (tensor !== given) {
      if (name in program.outputs) {
        throw new Error(
          `${program.key.split(' ')[0]}: ${name} of shape [${given.shape}] was cast from integers, and lies in memory as such, so it cannot be changed where it is; make it of floats: tf.mul(x, tf.scalar(1)).`,
        );
      }
      converted.push(tensor);
    }
    backend.uploadToGPU(tensor.dataId);
    backend.commandQueueOwnedIds.add(tensor.dataId);
    const data = backend.tensorMap.get(tensor.dataId);
    // What was read before is not what is there afterward.
    if (name in program.outputs) data.values = null;
    const bytes = exponent ? HALF_BYTES : BYTES;
    const [offset, size] = [start * bytes, Math.ceil((count * bytes) / BYTES) * BYTES];
    if (size > this.maxBindingBytes || offset % this.#alignment !== 0) {
      throw this.#tooLarge(program.key.split(' ')[0], `${name} of shape [${tensor.shape}]`);
    }
    return { buffer: data.resource!, offset, size };
  }

  /** Whether float32 values lie in memory as int32 (or bool, which is the same there). */
  #isCastFromIntegers({ dtype, dataId }: tf.TensorInfo): boolean {
    return dtype === 'float32' && this.#backend.tensorMap.get(dataId).dtype !== 'float32';
  }

  /** A new tensor of the values of one that was cast from integers. */
  #asFloats(tensor: tf.TensorInfo): tf.TensorInfo {
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
      `${op}: ${what} is more than the ${this.maxBindingBytes} bytes that this device binds at a time. Use a smaller batch, or another backend.`,
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
        module: device.createShaderModule({ code: wgsl(program, folded), label: program.key }),
        entryPoint: 'main',
      },
    });
    return { pipeline, layout };
  }
}

/** How many elements a tensor has. */
export function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((a, b) => a * b, 1);
}

const runtimes = new WeakMap<object, WebGpuRuntime>();

/** The runtime of a WebGPU backend, made at its first kernel. */
export function webGpuRuntime(backend: unknown): WebGpuRuntime {
  let runtime = runtimes.get(backend as object);
  if (!runtime) {
    runtime = new WebGpuRuntime(backend as WebGpuBackend);
    runtimes.set(backend as object, runtime);
  }
  return runtime;
}
