import { inspect } from '../doctor/inspect.js';
import { printInspection } from '../doctor/print-inspection.js';
import { EXIT, outputColors } from './console.js';

/** Says whether this machine can train, and what is missing. Gives the exit code. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const found = await inspect();
  process.stdout.write(
    options.json ? `${JSON.stringify(found, null, 2)}\n` : `${printInspection(found, outputColors)}\n`,
  );
  return found.problems.length === 0 ? 0 : EXIT.fault;
}
