import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

/** Bundles into files that other processes may build or run at the same time. Each file is replaced atomically. */
export function buildShared(options: BuildOptions): void {
  const { outputFiles } = buildSync({ ...options, write: false });
  // esbuild lists entry modules before their chunks. Chunks have content hashes as names and must exist first.
  for (const { path, contents } of outputFiles.toReversed()) {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}`;
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  }
}
