import { InstallError } from './install-error.js';
import { complaint, runCommand } from './run-command.js';

/** The NVIDIA runtime wheels that a TensorFlow wheel names as its extra `and-cuda`, as pip requirements. */
export function nvidiaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(
    /^Requires-Dist:\s*(nvidia-[^;\n]+?)\s*;\s*extra\s*==\s*["']and-cuda["']/gm,
  );
  return [...lines].map(([, requirement]) => requirement.replace(/[\s()]/g, ''));
}

/**
 * Puts NVIDIA's runtime libraries into the folder `nvidia` beside the library's, where its search path looks for them.
 * @throws InstallError with pip's complaint.
 */
export async function installNvidiaLibraries(
  python: string,
  folder: string,
  requirements: string[],
): Promise<void> {
  const arguments_ = ['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet'];
  const result = await runCommand(
    python,
    [...arguments_, '--disable-pip-version-check', `--target=${folder}`, ...requirements],
    { env: { ...process.env, TMPDIR: folder } },
  );
  if (result.ok) return;
  throw new InstallError(
    `pip could not fetch NVIDIA's libraries (${requirements.join(', ')}):\n${complaint(result)}\n`,
    "Check the network and pip's own settings (pip config list), then run the command again.",
  );
}
