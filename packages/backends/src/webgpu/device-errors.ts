import type { GpuDevice } from './gpu.js';

const CODES = { lost: 'GPU_LOST', 'out-of-memory': 'GPU_OUT_OF_MEMORY', invalid: 'GPU_INVALID' } as const;

/** Thrown when the GPU device is lost, runs out of memory, or rejects a kernel. The message says what to do. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
  /** Stable name of the error, for programs. */
  readonly code: 'GPU_LOST' | 'GPU_OUT_OF_MEMORY' | 'GPU_INVALID';

  /** @param kind Kind of the error. */
  constructor(
    readonly kind: 'lost' | 'out-of-memory' | 'invalid',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = CODES[kind];
  }
}

/** Methods of a backend through which all of its work passes. */
interface Watched {
  write(...args: unknown[]): unknown;
  ensureCommandEncoderReady(): void;
  read(dataId: object): Promise<unknown>;
}

const watches = new WeakMap<object, { lost?: GpuError }>();

/** Returns whether a backend's device is lost, so that a new one must be requested. */
export function isLost(backend: object): boolean {
  return watches.get(backend)?.lost !== undefined;
}

/**
 * Makes the backend throw the errors of its device. WebGPU reports them asynchronously and continues with wrong values;
 * here, each is thrown once at the backend's next use, and a lost device at every use.
 */
export function throwDeviceErrors<Backend extends object>(backend: Backend, device: GpuDevice): Backend {
  const state: { lost?: GpuError; pending?: GpuError } = {};
  watches.set(backend, state);
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    // Later errors are usually consequences of the first.
    state.pending ??= toGpuError((event as Event & { error: Error }).error);
  });
  void device.lost.then(({ reason, message }) => {
    state.lost = new GpuError(
      'lost',
      `The GPU was lost (${reason === 'destroyed' ? 'its device was destroyed' : message || reason}), with all tensors on it. Resume from the last checkpoint; if it happens again, use a smaller batch or another backend.`,
    );
  });
  const check = () => {
    if (state.lost) throw state.lost;
    const { pending } = state;
    state.pending = undefined;
    if (pending) throw pending;
  };
  const watched = backend as unknown as Watched;
  const { write, ensureCommandEncoderReady, read } = watched;
  watched.write = (...args) => {
    check();
    return write.apply(backend, args);
  };
  watched.ensureCommandEncoderReady = () => {
    check();
    ensureCommandEncoderReady.call(backend);
  };
  watched.read = async (dataId) => {
    check();
    try {
      return await read.call(backend, dataId);
    } catch (error) {
      // If the device is lost, the read fails just before the reason is known.
      await Promise.resolve();
      check();
      throw error;
    } finally {
      check();
    }
  };
  return backend;
}

function toGpuError(error: Error): GpuError {
  const options = { cause: error };
  const first = error.message.trim().split('\n')[0];
  const tooLarge = /exceeds the max buffer size/i.test(error.message);
  if (error.constructor.name === 'GPUOutOfMemoryError' || tooLarge) {
    return new GpuError(
      'out-of-memory',
      `${tooLarge ? 'A tensor is larger than the GPU allows' : 'The GPU is out of memory'} (${first}). Use a smaller batch, image or model, or another backend.`,
      options,
    );
  }
  return new GpuError(
    'invalid',
    `The GPU rejected a kernel: ${first}. This is a bug; please report it, and use another backend until it is fixed.`,
    options,
  );
}
