import { builtinModule } from '@unitsphere/core/disk';
import type { Gpu, GpuAdapterInfo } from './gpu.js';

const PACKAGE = 'webgpu';

const PROGRAM = `
const { create } = await import(process.argv[1]);
const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
const { vendor, architecture, device, description, isFallbackAdapter } = adapter?.info ?? {};
const info = { vendor, architecture, device, description, isFallbackAdapter };
process.stdout.write(JSON.stringify(adapter ? info : null), () => process.exit(0));
`;

let answer: { found: GpuAdapterInfo | null | undefined } | undefined;

/**
 * Finds the graphics adapter in another process. Dawn writes warnings to standard error when it finds no driver or a software
 * driver, which concern only those who asked for WebGPU by name.
 * @returns Null if there is no adapter; undefined if another process cannot tell: in a browser, or without the package.
 */
export function findAdapterInChild(): GpuAdapterInfo | null | undefined {
  const isStarted = (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu !== undefined;
  if (isStarted || !builtinModule('node:fs')) return undefined;
  answer ??= { found: askChild() };
  return answer.found;
}

function askChild(): GpuAdapterInfo | null | undefined {
  const { createRequire } = builtinModule('node:module');
  const { pathToFileURL } = builtinModule('node:url');
  const { spawnSync } = builtinModule('node:child_process');
  // __filename exists only in CommonJS, import.meta.url only in ES modules.
  const require = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
  try {
    const url = pathToFileURL(require.resolve(PACKAGE)).href;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM, url], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 30_000,
      // Electron's executable is Node only with this variable.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    return status === 0 ? (JSON.parse(stdout) as GpuAdapterInfo | null) : undefined;
  } catch {
    return undefined;
  }
}
