import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError } from './install-error.js';
import { NVIDIA_WHEELS, type NvidiaWheel } from './nvidia-wheels.js';
import { errorOutput, runCommand } from './run-command.js';

/** Returns the pip requirements of the NVIDIA runtime libraries: a TensorFlow wheel's extra `and-cuda`. */
export function nvidiaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(
    /^Requires-Dist:\s*(nvidia-[^;\n]+?)\s*;\s*extra\s*==\s*["']and-cuda["']/gm,
  );
  return [...lines].map(([, requirement]) => requirement.replace(/[\s()]/g, ''));
}

/**
 * Returns the pinned wheels of the NVIDIA libraries that a TensorFlow wheel requires.
 * @throws InstallError if it requires others than this version has hashes of.
 */
export function pinnedNvidiaWheels(metadata: string, pinned = NVIDIA_WHEELS): readonly NvidiaWheel[] {
  const required = nvidiaRequirements(metadata);
  const isPinned = (requirement: string) => pinned.some((wheel) => wheel.requirement === requirement);
  if (required.length === pinned.length && required.every(isPinned)) return pinned;
  const others = required.filter((requirement) => !isPinned(requirement));
  throw new InstallError(
    `The wheel requires other NVIDIA libraries than those whose SHA-256 this version knows: ${others.join(', ') || required.length}.`,
    'Leave out --wheel, or pass the wheel of the TensorFlow version that is installed without it.',
  );
}

/**
 * Installs NVIDIA's runtime libraries to the subfolder `nvidia`, which is in the search path of libtensorflow. pip refuses a
 * wheel with another SHA-256.
 * @throws InstallError with pip's error output.
 */
export async function installNvidiaLibraries(
  python: string,
  folder: string,
  wheels: readonly NvidiaWheel[],
): Promise<void> {
  const requirements = join(folder, 'nvidia-requirements.txt');
  const lines = wheels.map(
    ({ project, version, sha256 }) => `${project}==${version} --hash=sha256:${sha256}\n`,
  );
  await writeFile(requirements, lines.join(''));
  const result = await runCommand(
    python,
    [
      ...['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-input'],
      ...['--quiet', '--disable-pip-version-check', `--target=${folder}`, `--requirement=${requirements}`],
    ],
    { env: { ...process.env, TMPDIR: folder } },
  );
  await rm(requirements);
  if (result.ok) return;
  throw new InstallError(
    `pip could not fetch NVIDIA's libraries:\n${errorOutput(result)}\n`,
    /DO NOT MATCH THE HASHES/i.test(result.stderr)
      ? 'The package index or a proxy serves another file; check pip config list.'
      : "Check the network and pip's own settings (pip config list), then run the command again.",
  );
}
