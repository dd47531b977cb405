import { expect, test } from 'vitest';
import { libraryCandidates } from '../src/index.js';

const none = { env: {}, platform: 'linux', run: () => undefined } as const;

test('a given library is the only candidate', () => {
  expect([...libraryCandidates({ ...none, library: '/opt/mpi/libmpi.so' })]).toEqual(['/opt/mpi/libmpi.so']);
  const env = { UNITSPHERE_MPI_LIBRARY: 'libmpi.so.41' };
  expect([...libraryCandidates({ ...none, env })]).toEqual(['libmpi.so.41']);
});

test("the libraries of the launcher's family come first", () => {
  expect([...libraryCandidates(none)]).toEqual(['libmpi.so.40', 'libmpi.so.12', 'libmpich.so.12']);
  expect([...libraryCandidates({ ...none, family: 'mpich' })]).toEqual([
    'libmpi.so.12',
    'libmpich.so.12',
    'libmpi.so.40',
  ]);
  expect([...libraryCandidates({ ...none, platform: 'darwin' })][0]).toBe('libmpi.40.dylib');
});

test("the folders of Open MPI's mpicc are searched", () => {
  const run = (program: string, [flag]: readonly string[]) =>
    program === 'mpicc' && flag === '--showme:libdirs' ? '/opt/openmpi/lib /opt/hwloc/lib\n' : undefined;
  expect([...libraryCandidates({ ...none, run })]).toEqual(
    expect.arrayContaining(['/opt/openmpi/lib/libmpi.so.40', '/opt/hwloc/lib/libmpi.so.40']),
  );
});

test("the folders in the command line of MPICH's mpicc are searched", () => {
  const run = (program: string, [flag]: readonly string[]) =>
    program === 'mpicc' && flag === '-show' ? 'gcc -I/opt/mpich/include -L/opt/mpich/lib -lmpi\n' : undefined;
  expect([...libraryCandidates({ ...none, run })]).toContain('/opt/mpich/lib/libmpi.so.12');
});
