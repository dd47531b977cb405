import { type InstallOptions, installNativeBackend, type NativeBackend } from '@unitsphere/backends/install';
import { formatSeconds } from '../format-seconds.js';
import { colors, say } from './console.js';

/** Builds a native backend into the user's cache folder and prints its location. */
export async function installBackend(
  name: NativeBackend,
  options: Pick<InstallOptions, 'force' | 'wheel' | 'withoutGpu'>,
): Promise<void> {
  const started = Date.now();
  const { folder, manifest, isNew } = await installNativeBackend(name, {
    ...options,
    onProgress: (step) => say(colors.dim(`${step} …`)),
  });
  const outcome = isNew ? `built in ${formatSeconds((Date.now() - started) / 1000)}` : 'already installed';
  process.stdout.write(`${name}: libtensorflow ${manifest.tensorflow}, ${outcome}: ${folder}\n`);
}
