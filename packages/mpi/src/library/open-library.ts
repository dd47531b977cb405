import { MpiError } from '../errors.js';
import { type Abi, MPICH_ABI, openMpiAbi } from './abi.js';
import { type LibrarySearch, libraryCandidates } from './find-library.js';
import { type Koffi, loadKoffi, type NativeLibrary } from './load-koffi.js';

/** A loaded MPI library. */
export interface OpenLibrary {
  native: NativeLibrary;
  abi: Abi;
  /** Name or path under which it was found. */
  path: string;
  /** Its own name and version: 'Open MPI v4.1.4' or 'MPICH Version: 4.0.2'. */
  version: string;
}

const VERSION_BYTES = 8192;

/**
 * Finds and loads an MPI library.
 * @throws MpiError if koffi is not installed, no library is found, or the library has neither ABI.
 */
export async function openLibrary(search: LibrarySearch): Promise<OpenLibrary> {
  const koffi = await loadKoffi();
  keepProcess();
  const problems: string[] = [];
  for (const path of libraryCandidates(search)) {
    let native: NativeLibrary;
    try {
      // Open MPI's plugins look for its symbols among the global ones.
      native = koffi.load(path, { global: true });
    } catch (error) {
      problems.push(`${path}: ${(error as Error).message}`);
      continue;
    }
    return { native, path, ...identify(koffi, native, path) };
  }
  throw new MpiError(
    `no MPI library was found: ${problems.join('; ')}. Install Open MPI or MPICH, or set UNITSPHERE_MPI_LIBRARY to the path of its library (libmpi.so.40 or libmpi.so.12).`,
  );
}

/** Returns the library's ABI and version, which it states before it is initialized. */
function identify(koffi: Koffi, native: NativeLibrary, path: string): { abi: Abi; version: string } {
  const unsupported = (found: string) =>
    new MpiError(
      `${path} is not a supported MPI library: ${found}. Set UNITSPHERE_MPI_LIBRARY to a library of Open MPI 2 or newer, or one with the ABI of MPICH.`,
    );
  const text = new Uint8Array(VERSION_BYTES);
  const length = new Int32Array(1);
  try {
    native.func('int MPI_Get_library_version(void *text, void *length)')(text, length);
  } catch (error) {
    throw unsupported((error as Error).message);
  }
  const full = new TextDecoder().decode(text.subarray(0, length[0])).replace(/\0.*$/s, '');
  const version = full.split(/[,\n]/)[0].replace(/\s+/g, ' ').trim();
  if (/open mpi/i.test(full)) {
    return { abi: openMpiAbi((symbol) => koffi.address(native.symbol(symbol, 'char'))), version };
  }
  if (/mpich|intel\(r\) mpi|mvapich/i.test(full)) return { abi: MPICH_ABI, version };
  throw unsupported(`it calls itself “${version}”`);
}

/**
 * Keeps UCX, which both families may use, from changing the process when it is loaded. It replaces the handler of SIGSEGV, but
 * V8 needs its own: a WebAssembly access out of bounds would end the process instead of throwing a RuntimeError. To test its hooks
 * of memory functions, it also moves the end of the heap by brk(end + 4096) and back by brk(end), without malloc's lock. Memory
 * that another thread of Node or V8 allocates between the two is unmapped, and the process crashes when it is used.
 */
function keepProcess(): void {
  process.env['UCX_ERROR_SIGNALS'] ??= '';
  process.env['UCX_MEM_EVENTS'] ??= 'n';
}
