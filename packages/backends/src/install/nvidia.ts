import { InstallError } from './install-error.js';
import { errorOutput, runCommand } from './run-command.js';

/** Returns the pip requirements of the NVIDIA runtime libraries: a TensorFlow wheel's extra `and-cuda`. */
export function nvidiaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(
    /^Requires-Dist:\s*(nvidia-[^;\n]+?)\s*;\s*extra\s*==\s*["']and-cuda["']/gm,
  );
  return [...lines].map(([, requirement]) => requirement.replace(/[\s()]/g, ''));
}

/**
 * Installs NVIDIA's runtime libraries to the subfolder `nvidia`, which is in the search path of libtensorflow.
 * @throws InstallError with pip's error output.
 */
export async function installNvidiaLibraries(
  python: string,
  folder: string,
  requirements: string[],
): Promise<void> {
  const pipArguments = ['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet'];
  const result = await runCommand(
    python,
    [...pipArguments, '--disable-pip-version-check', `--target=${folder}`, ...requirements],
    { env: { ...process.env, TMPDIR: folder } },
  );
  if (result.ok) return;
  throw new InstallError(
    `pip could not fetch NVIDIA's libraries (${requirements.join(', ')}):\n${errorOutput(result)}\n`,
    "Check the network and pip's own settings (pip config list), then run the command again.",
  );
}
