import { formatInspection } from '../doctor/format-inspection.js';
import { formatRanks } from '../doctor/format-ranks.js';
import { inspect } from '../doctor/inspect.js';
import { inspectRanks } from '../doctor/inspect-ranks.js';
import { UserError } from '../user-error.js';
import { wrapText } from './columns.js';
import { EXIT, outputColors, outputWidth } from './console.js';
import { withRanks } from './with-ranks.js';
import type { Work } from './work.js';

/** Options of `unitsphere doctor`. */
export interface DoctorOptions {
  json?: boolean;
  mpi?: boolean;
}

/** Prints whether this machine can train, and what is missing. Returns the exit code. */
export async function doctor(options: DoctorOptions, work: Pick<Work, 'connectRanks'>): Promise<number> {
  if (options.mpi) return doctorOfRanks(options, work);
  const inspection = await inspect();
  process.stdout.write(
    options.json
      ? `${JSON.stringify(inspection, null, 2)}\n`
      : `${formatInspection(inspection, { colors: outputColors, width: outputWidth(), wrap: wrapText })}\n`,
  );
  return inspection.problems.length === 0 ? 0 : EXIT.failure;
}

/** Prints the processes of an MPI launcher, and how fast they exchange data. */
async function doctorOfRanks({ json }: DoctorOptions, work: Pick<Work, 'connectRanks'>): Promise<number> {
  const ranks = await work.connectRanks();
  if (!ranks) {
    throw new UserError('doctor --mpi inspects several processes, but no MPI launcher has started them', {
      hint: 'Start it as a training: mpirun -n 2 npx unitsphere doctor --mpi',
    });
  }
  return withRanks(ranks, async () => {
    const inspection = inspectRanks(ranks);
    if (ranks.rank > 0) return 0;
    process.stdout.write(`${json ? JSON.stringify(inspection, null, 2) : formatRanks(inspection)}\n`);
    return 0;
  });
}
