/** Families of MPI libraries that share a binary interface (ABI). Intel MPI and MVAPICH have the ABI of MPICH. */
export type MpiFamily = 'openmpi' | 'mpich';

/** An MPI handle: the address of an object in Open MPI, an integer in MPICH. */
export type Handle = number | bigint;

/** Where the binary interfaces of the families differ. */
export interface Abi {
  family: MpiFamily;
  /** C type of a handle in a call. */
  handleType: string;
  /** Returns an array of `count` handles. It has a buffer of its own, because the engine may move short arrays without one. */
  handles(count: number): Int32Array | BigUint64Array;
  /** Addresses that stand for "no status is wanted". */
  statusIgnore: Handle;
  statusesIgnore: Handle;
  /** Source of a message from any rank. */
  anySource: number;
  /** Values of the predefined handles. */
  world: Handle;
  errorsReturn: Handle;
  sum: Handle;
  float32: Handle;
  float64: Handle;
  int32: Handle;
  uint8: Handle;
}

/**
 * Returns the ABI of Open MPI 2 to 5, whose handles are addresses of exported objects.
 * @param addressOf Returns the address of an exported symbol.
 */
export function openMpiAbi(addressOf: (symbol: string) => Handle): Abi {
  return {
    family: 'openmpi',
    handleType: 'uintptr_t',
    handles: (count) => new BigUint64Array(new ArrayBuffer(8 * count)),
    statusIgnore: 0,
    statusesIgnore: 0,
    anySource: -1,
    world: addressOf('ompi_mpi_comm_world'),
    errorsReturn: addressOf('ompi_mpi_errors_return'),
    sum: addressOf('ompi_mpi_op_sum'),
    float32: addressOf('ompi_mpi_float'),
    float64: addressOf('ompi_mpi_double'),
    int32: addressOf('ompi_mpi_int'),
    uint8: addressOf('ompi_mpi_unsigned_char'),
  };
}

/** The ABI that MPICH 3 and 4, Intel MPI and MVAPICH share (the MPICH ABI Compatibility Initiative), from its mpi.h. */
export const MPICH_ABI: Abi = {
  family: 'mpich',
  handleType: 'int',
  handles: (count) => new Int32Array(new ArrayBuffer(4 * count)),
  statusIgnore: 1,
  statusesIgnore: 1,
  anySource: -2,
  world: 0x44000000,
  errorsReturn: 0x54000001,
  sum: 0x58000003,
  float32: 0x4c00040a,
  float64: 0x4c00080b,
  int32: 0x4c000405,
  uint8: 0x4c000102,
};
