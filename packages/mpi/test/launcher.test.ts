import { expect, test } from 'vitest';
import { findLauncher } from '../src/index.js';

test('recognizes the launchers by their environment variables', () => {
  expect(findLauncher({})).toBeUndefined();
  const openMpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '1' };
  expect(findLauncher(openMpi)).toEqual({ family: 'openmpi', rank: 1, size: 4 });
  expect(findLauncher({ PMI_RANK: '0', PMI_SIZE: '2' })).toEqual({ family: 'mpich', rank: 0, size: 2 });
  const slurm = { PMIX_RANK: '3', SLURM_STEP_NUM_TASKS: '8' };
  expect(findLauncher(slurm)).toEqual({ rank: 3, size: 8 });
});
