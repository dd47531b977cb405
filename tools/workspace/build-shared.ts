import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

/** Bundles into files that other processes may be building or running at the same moment: each appears whole, none goes away. */
export function buildShared(options: BuildOptions): void {
  const { outputFiles } = buildSync({ ...options, write: false });
  // Chunks, which are named by what they hold, before the modules that import them; esbuild gives these first.
  for (const { path, contents } of outputFiles.toReversed()) {
    mkdirSync(dirname(path), { recursive: true });
    const whole = `${path}.${randomUUID()}`;
    writeFileSync(whole, contents);
    renameSync(whole, path);
  }
}
