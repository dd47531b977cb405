import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

/**
 * Bundles into files that other processes may be building or running at the same moment: each appears whole, or is
 * left as it is where it holds the same bytes, and none goes away.
 */
export function buildShared(options: BuildOptions): void {
  const { outputFiles } = buildSync({ ...options, write: false });
  // Chunks, which are named by what they hold, before the modules that import them; esbuild gives these first.
  for (const { path, contents } of outputFiles.toReversed()) {
    if (existsSync(path) && readFileSync(path).equals(contents)) {
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    const whole = `${path}.${process.pid}-${performance.now()}`;
    writeFileSync(whole, contents);
    renameSync(whole, path);
  }
}
