import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Returns the name of this platform as in names of napi-rs packages, such as `linux-x64-gnu`. */
export function platformName(): string {
  const { platform, arch } = process;
  if (platform === 'linux') return `linux-${arch}-${isGlibc() ? 'gnu' : 'musl'}`;
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

function isGlibc(): boolean {
  // Network interfaces, whose names can take seconds to look up, are not needed. The types of Node 20 lack the setting.
  (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/**
 * Returns the path of the addon: `UNITSPHERE_NATIVE_PATH` if it is set, else the one built in this package
 * (`npm run build:native`), else that of the platform package. Undefined if there is none.
 */
export function findBinary(): string | undefined {
  const { UNITSPHERE_NATIVE_PATH } = process.env;
  if (UNITSPHERE_NATIVE_PATH) return UNITSPHERE_NATIVE_PATH;
  // __filename exists only in CommonJS, import.meta.url only in ES modules.
  const require = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
  const folder = join(require.resolve('@unitsphere/native/package.json'), '..');
  const built = join(folder, 'binaries', `native.${platformName()}.node`);
  if (existsSync(built)) return built;
  try {
    return require.resolve(`@unitsphere/native-${platformName()}`);
  } catch {
    return undefined;
  }
}
