import { builtinModule } from './builtin-module.js';

/**
 * Returns the user's cache folder: `XDG_CACHE_HOME` on every platform if set, otherwise `~/Library/Caches` on macOS,
 * `LOCALAPPDATA` on Windows and `~/.cache` elsewhere. An empty variable counts as unset. The folder may not exist yet.
 */
export function cacheFolder(
  env: Record<string, string | undefined> = process.env,
  platform: string = process.platform,
): string {
  if (env['XDG_CACHE_HOME']) return env['XDG_CACHE_HOME'];
  const { join } = builtinModule('node:path');
  const home = builtinModule('node:os').homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Caches');
  if (platform === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
  return join(home, '.cache');
}
