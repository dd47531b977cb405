import { type InstallOptions, installNativeBackend, type NativeBackend } from '@unitsphere/backends/install';
import { formatSeconds } from '../format.js';
import { colors, say } from './console.js';

/** Builds a native backend into the user's cache folder, and says where. */
export async function installBackend(
  name: NativeBackend,
  options: Pick<InstallOptions, 'force' | 'wheel' | 'withoutGpu'>,
): Promise<void> {
  const started = Date.now();
  const { folder, manifest, fresh } = await installNativeBackend(name, {
    ...options,
    onProgress: (what) => say(colors.dim(`${what} …`)),
  });
  const how = fresh ? `in ${formatSeconds((Date.now() - started) / 1000)}` : 'there already';
  process.stdout.write(`${name}: libtensorflow ${manifest.tensorflow}, ${how}, in ${folder}\n`);
}
