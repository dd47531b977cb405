import type { GpuDevice } from './gpu.js';

/** The device was lost or ran out of memory, or a kernel was refused; the message says what to do. */
export class GpuError extends Error {
  override readonly name = 'GpuError';

  /** @param kind What happened. */
  constructor(
    readonly kind: 'lost' | 'out-of-memory' | 'invalid',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The methods of a backend by which all its work goes. */
interface Watched {
  write(...args: unknown[]): unknown;
  ensureCommandEncoderReady(): void;
  read(dataId: object): Promise<unknown>;
}

const watches = new WeakMap<object, { lost?: GpuError }>();

/** Whether a backend's device is gone, so that a new one must be made. */
export function isLost(backend: object): boolean {
  return watches.get(backend)?.lost !== undefined;
}

/**
 * Makes errors of a device errors of the backend: WebGPU tells them on the side, and goes on with wrong values. Here they
 * are thrown at the backend's next use, each once; a lost device at every use.
 */
export function throwDeviceErrors<Backend extends object>(backend: Backend, device: GpuDevice): Backend {
  const state: { lost?: GpuError; pending?: GpuError } = {};
  watches.set(backend, state);
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    // The first one: those that follow are its consequences.
    state.pending ??= toGpuError((event as Event & { error: Error }).error);
  });
  void device.lost.then(({ reason, message }) => {
    state.lost = new GpuError(
      'lost',
      `The GPU was lost (${reason === 'destroyed' ? 'its device was destroyed' : message || reason}), and every tensor on it. Start again from the last checkpoint; if it happens again, use a smaller batch or another backend.`,
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
      // A read fails when the device is lost under it; why is told right after.
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
      `${tooLarge ? 'A tensor is larger than the GPU takes' : 'The GPU is out of memory'} (${first}). Use a smaller batch, a smaller image or a smaller model, or another backend.`,
      options,
    );
  }
  return new GpuError(
    'invalid',
    `The GPU refused a kernel: ${first}. This is a fault of the program; please report it, and use another backend until it is mended.`,
    options,
  );
}
