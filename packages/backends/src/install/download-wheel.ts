import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDiskFull } from '@unitsphere/core/disk';
import { InstallError } from './install-error.js';
import { errorOutput, runCommand } from './run-command.js';
import type { Wheel } from './wheels.js';

/**
 * Downloads a wheel into a folder and checks its SHA-256. Uses pip if installed, which knows the user's mirror, proxy and
 * certificates, otherwise the package index in PIP_INDEX_URL.
 * @param python Python with pip, if installed.
 * @returns The path of the file.
 * @throws InstallError if the download fails or its SHA-256 differs.
 */
export async function downloadWheel(
  wheel: Wheel,
  folder: string,
  python: string | undefined,
): Promise<string> {
  const file = join(folder, wheel.file);
  if (python) await downloadWithPip(wheel, folder, python);
  else await downloadFromIndex(wheel, file);
  await checkSha256(file, wheel.sha256);
  return file;
}

/** Finds a Python that has pip. */
export async function findPython(): Promise<string | undefined> {
  for (const command of ['python3', 'python']) {
    if ((await runCommand(command, ['-m', 'pip', '--version'])).ok) return command;
  }
  return undefined;
}

/** Checks a file's SHA-256. @throws InstallError if it differs. */
export async function checkSha256(file: string, expected: string): Promise<void> {
  const actual = await sha256(file);
  if (actual === expected) return;
  throw new InstallError(
    `${basename(file)} is not the expected file: its SHA-256 is ${actual}, not ${expected}.`,
    'Run the command again; if that does not help, the package index or a proxy serves another file.',
  );
}

/** Returns a file's SHA-256 in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function downloadWithPip(wheel: Wheel, folder: string, python: string): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const [, pythonTag, abi, platform] = wheel.file.replace(/\.whl$/, '').split(/-(?=cp|manylinux|macosx)/);
  const result = await runCommand(
    python,
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-input'],
      ...['--disable-pip-version-check', '--progress-bar=off', '--quiet', `--dest=${folder}`],
      // A fixed Python version, independent of the installed one: only the library in the wheel is used.
      ...['--implementation=cp', `--python-version=${pythonTag.replace('cp3', '3.')}`, `--abi=${abi}`],
      ...[`--platform=${platform}`, `--requirement=${requirements}`],
    ],
    // pip first downloads to its temporary folder, whose disk may be small.
    { env: { ...process.env, TMPDIR: folder } },
  );
  if (result.ok) return;
  throw new InstallError(
    `pip could not download ${wheel.file}:\n${errorOutput(result)}\n`,
    /No space left/i.test(result.stderr)
      ? 'Free some disk space and run the command again.'
      : `Check the network and pip's own settings (pip config list), or download the wheel elsewhere and pass it: --wheel ${wheel.file}`,
  );
}

async function downloadFromIndex(wheel: Wheel, file: string): Promise<void> {
  const remedy = `Install Python with pip, or download the wheel elsewhere and pass it: --wheel ${wheel.file}`;
  const index = process.env['PIP_INDEX_URL'];
  if (!index) {
    throw new InstallError(
      `${wheel.file} could not be downloaded: Python with pip is not installed, and PIP_INDEX_URL is not set.`,
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
    if (isDiskFull(cause)) throw cause;
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
