import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { describe, expect, test } from 'vitest';
import { connectMpi } from '../src/index.js';
import { installedLaunchers, type TestLauncher } from './fixtures/launchers.js';

const run = promisify(execFile);

describe('connectMpi', () => {
  test('refuses an invalid timeout', async () => {
    await expect(connectMpi({ timeoutSeconds: 0 })).rejects.toThrow(
      /timeoutSeconds \(UNITSPHERE_MPI_TIMEOUT\) must be positive, not 0/,
    );
  });

  test('names the library that does not load and what to set', async () => {
    await expect(connectMpi({ library: '/no/such/libmpi.so' })).rejects.toThrow(
      /no MPI library was found: .*\/no\/such\/libmpi\.so.*set UNITSPHERE_MPI_LIBRARY/,
    );
  });

  test('refuses a library that is not MPI', async () => {
    await expect(connectMpi({ library: 'libm.so.6' })).rejects.toThrow(
      /libm\.so\.6 is not a supported MPI library/,
    );
  });

  const both = ['mpirun.openmpi', 'mpirun.mpich'].every((command) =>
    installedLaunchers.some((launcher) => launcher.command === command),
  );
  test.skipIf(!both)("refuses a library that is not the launcher's", async () => {
    const file = bundleModule('./fixtures/join.ts', import.meta.url);
    const env = { ...process.env, UNITSPHERE_MPI_LIBRARY: 'libmpi.so.40' };
    await expect(run('mpirun.mpich', ['-n', '2', process.execPath, file], { env })).rejects.toThrow(
      /the launcher started 2 processes, but Open MPI .* sees 1: it is not the launcher's library/,
    );
  });

  test.skipIf(installedLaunchers.length === 0)(
    'a WebAssembly access out of bounds still throws while MPI runs',
    async () => {
      const file = bundleModule('./fixtures/join.ts', import.meta.url);
      // MPICH, the last one, always loads UCX.
      const { command, args } = installedLaunchers
        .filter(({ name }) => name.includes('shared'))
        .at(-1) as TestLauncher;
      const { stdout } = await run(command, [...args, '-n', '1', process.execPath, file]);
      expect(stdout.trim()).toBe('RuntimeError');
    },
  );
});
