import { fileURLToPath } from 'node:url';
import type { StepContender } from '../src/step/contenders.js';

/** Creates a contender whose process is test/fake-contender.mjs. */
export function fake(
  id: string,
  args: Record<string, string | number> = {},
  rest: Partial<StepContender> = {},
): StepContender {
  return {
    id,
    label: `Fake ${id}`,
    family: 'ours',
    backend: 'wasm',
    command: process.execPath,
    args: [
      fileURLToPath(new URL('fake-contender.mjs', import.meta.url)),
      ...Object.entries(args).map(([name, value]) => `--${name}=${value}`),
    ],
    ...rest,
  };
}
