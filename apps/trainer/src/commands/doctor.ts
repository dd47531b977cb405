import { formatInspection } from '../doctor/format-inspection.js';
import { inspect } from '../doctor/inspect.js';
import { wrapText } from './columns.js';
import { EXIT, outputColors, outputWidth } from './console.js';

/** Prints whether this machine can train, and what is missing. Returns the exit code. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const inspection = await inspect();
  process.stdout.write(
    options.json
      ? `${JSON.stringify(inspection, null, 2)}\n`
      : `${formatInspection(inspection, { colors: outputColors, width: outputWidth(), wrap: wrapText })}\n`,
  );
  return inspection.problems.length === 0 ? 0 : EXIT.failure;
}
