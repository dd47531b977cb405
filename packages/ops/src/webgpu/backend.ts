import type * as tf from '@tensorflow/tfjs-core';

/** Part of TensorFlow.js's WebGPU backend that our kernels use. */
export interface WebGpuBackend {
  device: GPUDevice;
  adapterInfo?: object;
  tensorMap: { get(id: object): TensorData };
  commandQueueOwnedIds: WeakSet<object>;
  /** Set after ensureCommandEncoderReady(). */
  commandEncoder: GPUCommandEncoder;
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

/** A tensor's data in the backend. */
interface TensorData {
  /** Type of the values in memory; a cast from int32 to float32 does not change it. */
  dtype: tf.DataType;
  values: ArrayLike<number> | null;
  /** Set after uploadToGPU(). */
  resource: GPUBuffer;
}
