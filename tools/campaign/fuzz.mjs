import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const FORMATS = ['safetensors', 'pth', 'onnx'];
const COUNT = 4000;

/**
 * Feeds mutated weight files to their readers. Each must be read or refused by the reader's own error.
 * @returns {Promise<import('./sections.mjs').Outcome>}
 */
export async function fuzz() {
  const problems = [];
  for (const format of FORMATS) {
    const child = spawn(process.execPath, ['scripts/fuzz.mjs', format, '--count', String(COUNT)], {
      cwd: fileURLToPath(new URL('../../packages/pretrained', import.meta.url)),
      stdio: 'ignore',
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) problems.push(`${format}: the fuzzer ended with code ${code}`);
  }
  return { tried: FORMATS.length * COUNT, survived: (FORMATS.length - problems.length) * COUNT, problems };
}
