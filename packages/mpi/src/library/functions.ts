import type { Dtype } from '@unitsphere/collectives/implementation';
import { MpiError } from '../errors.js';
import type { Handle } from './abi.js';
import type { OpenLibrary } from './open-library.js';

/** Memory that MPI reads or writes: a typed array, whose memory is used in place. */
export type Memory = ArrayBufferView;

// The level of threads: only the thread that initialized MPI calls it.
const THREAD_FUNNELED = 1;
const ERROR_BYTES = 512;

/**
 * MPI's C functions, with the handles of the library's own ABI. A function throws an MpiError with the library's text if it
 * fails. Those that begin with `start` do not wait: they fill `request`, and the memory must be kept until it is complete.
 */
export type MpiFunctions = ReturnType<typeof bindFunctions>;

export function bindFunctions({ native, abi }: OpenLibrary) {
  const H = abi.handleType;
  const errorString = native.func('int MPI_Error_string(int code, void *text, void *length)');
  const check = (name: string, code: number) => {
    if (code === 0) return;
    const text = new Uint8Array(ERROR_BYTES);
    const length = new Int32Array(1);
    errorString(code, text, length);
    throw new MpiError(`${name} failed: ${new TextDecoder().decode(text.subarray(0, length[0]))}`);
  };
  const bind = (name: string, parameters: string) => {
    const call = native.func(`int ${name}(${parameters})`);
    return (...args: unknown[]) => check(name, call(...args));
  };
  const typeOf = (dtype: Dtype): Handle => abi[dtype];

  const initialized = bind('MPI_Initialized', 'void *');
  const init = bind('MPI_Init_thread', 'uintptr_t, uintptr_t, int, void *');
  const finalize = bind('MPI_Finalize', '');
  const commRank = bind('MPI_Comm_rank', `${H}, void *`);
  const commSize = bind('MPI_Comm_size', `${H}, void *`);
  const commDup = bind('MPI_Comm_dup', `${H}, void *`);
  const setErrorHandler = bind('MPI_Comm_set_errhandler', `${H}, ${H}`);
  const test = bind('MPI_Test', 'void *, void *, uintptr_t');
  const testAll = bind('MPI_Testall', 'int, void *, void *, uintptr_t');
  const cancel = bind('MPI_Cancel', 'void *');
  const wait = bind('MPI_Wait', 'void *, uintptr_t');
  const isend = bind('MPI_Isend', `void *, int, ${H}, int, int, ${H}, void *`);
  const irecv = bind('MPI_Irecv', `void *, int, ${H}, int, int, ${H}, void *`);
  const ibcast = bind('MPI_Ibcast', `void *, int, ${H}, int, ${H}, void *`);
  const iallgather = bind('MPI_Iallgather', `void *, int, ${H}, void *, int, ${H}, ${H}, void *`);
  const reduceLocal = bind('MPI_Reduce_local', `void *, void *, int, ${H}, ${H}`);

  const word = new Int32Array(1);
  const readWord = (call: (word: Int32Array) => void) => {
    call(word);
    return word[0];
  };
  return {
    isInitialized: () => readWord((flag) => initialized(flag)) !== 0,
    initialize: () => init(0, 0, THREAD_FUNNELED, word),
    finalize: () => finalize(),
    rank: () => readWord((out) => commRank(abi.world, out)),
    size: () => readWord((out) => commSize(abi.world, out)),
    /** Returns a new communicator of all ranks whose errors are returned, not fatal. Every rank must call it. */
    duplicateWorld(): Handle {
      const out = abi.handles(1);
      commDup(abi.world, out);
      setErrorHandler(out[0], abi.errorsReturn);
      return out[0];
    },
    /** Makes progress and returns whether the request is complete. */
    test: (request: Memory) => {
      test(request, word, abi.statusIgnore);
      return word[0] !== 0;
    },
    /** Makes progress and returns whether all of the first `count` requests are complete. */
    testAll: (count: number, requests: Memory) => {
      testAll(count, requests, word, abi.statusesIgnore);
      return word[0] !== 0;
    },
    /** Ends a request that may never be matched. */
    cancel: (request: Memory) => {
      cancel(request);
      wait(request, abi.statusIgnore);
    },
    startSend: (
      data: Memory,
      length: number,
      dtype: Dtype,
      to: number,
      tag: number,
      comm: Handle,
      request: Memory,
    ) => isend(data, length, typeOf(dtype), to, tag, comm, request),
    /** Receives from rank `from`, or from any if it is undefined. */
    startReceive: (
      data: Memory,
      length: number,
      dtype: Dtype,
      from: number | undefined,
      tag: number,
      comm: Handle,
      request: Memory,
    ) => irecv(data, length, typeOf(dtype), from ?? abi.anySource, tag, comm, request),
    startBroadcast: (
      data: Memory,
      length: number,
      dtype: Dtype,
      root: number,
      comm: Handle,
      request: Memory,
    ) => ibcast(data, length, typeOf(dtype), root, comm, request),
    /** Gathers the same number of bytes from every rank. */
    startAllGather: (data: Uint8Array, out: Uint8Array, comm: Handle, request: Memory) =>
      iallgather(data, data.length, abi.uint8, out, data.length, abi.uint8, comm, request),
    /** Adds `input` to `out`, elementwise. The library's loop has vector instructions. */
    addTo: (out: Memory, input: Memory, length: number, dtype: Dtype) =>
      reduceLocal(input, out, length, typeOf(dtype), abi.sum),
  };
}
