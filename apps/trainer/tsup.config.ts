import { cpSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';
import { packageConfig } from '../../tsup.base.ts';

// Beside the command: what the replicas' threads run, and the processes of a study's runs.
const node = {
  cli: 'src/cli.ts',
  index: 'src/index.ts',
  replica: 'src/replicas/worker.ts',
  'study-child': 'src/compare/child.ts',
};
const browser = { browser: 'src/browser.ts', report: 'src/report.ts' };

// A browser's entries are files of their own; declarations are made of all entries at once.
export default defineConfig(({ dts }) =>
  dts
    ? esm({ ...node, ...browser })
    : [esm(node, { splitting: true, onSuccess: copyRecipes }), esm(browser, { platform: 'browser' })],
);

function esm(entry: Record<string, string>, options: Options = {}): Options {
  return packageConfig({ entry, format: ['esm'], ...options }) as Options;
}

/** The repository's configs go along, to be trained by their names. */
async function copyRecipes(): Promise<void> {
  cpSync(new URL('../../configs', import.meta.url), new URL('dist/configs', import.meta.url), {
    recursive: true,
  });
}
