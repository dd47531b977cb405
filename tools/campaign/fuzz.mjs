import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Feeds mutated files to the readers of a package. Each must be read or refused by the reader's own error.
 * @param {string} name Folder of the package in `packages`.
 * @param {readonly string[]} formats
 * @param {number} count Files of each format.
 * @returns {Promise<import('./sections.mjs').Outcome>}
 */
export async function fuzz(name, formats, count) {
  const problems = [];
  for (const format of formats) {
    const child = spawn(process.execPath, ['scripts/fuzz.mjs', format, '--count', String(count)], {
      cwd: fileURLToPath(new URL(`../../packages/${name}`, import.meta.url)),
      stdio: 'ignore',
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) problems.push(`${format}: the fuzzer ended with code ${code}`);
  }
  return { tried: formats.length * count, survived: (formats.length - problems.length) * count, problems };
}
