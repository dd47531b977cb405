import { createHash } from 'node:crypto';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { packageFolder, TFJS_NODE_VERSION } from '../native/installation.js';
import { InstallError } from './install-error.js';
import { errorOutput, runCommand } from './run-command.js';

/** An npm package at one version, with the hash of its tarball as in a lockfile. */
interface PinnedPackage {
  name: string;
  version: string;
  integrity: string;
}

/** npm packages that the binding is built from. */
const PACKAGES = {
  tfjsNode: {
    name: '@tensorflow/tfjs-node',
    version: TFJS_NODE_VERSION,
    integrity:
      'sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==',
  },
  headers: {
    name: 'node-api-headers',
    version: '1.9.0',
    integrity:
      'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
  },
} satisfies Record<string, PinnedPackage>;

/** Folders of the unpacked npm packages. */
export interface Sources {
  tfjsNode: string;
  headers: string;
}

/**
 * Finds the sources of tfjs-node and the headers of Node-API in the user's node_modules, otherwise fetches them with npm. npm
 * knows the user's registry, proxy and certificates, and runs no install scripts.
 * @throws InstallError if they cannot be fetched.
 */
export async function findSources(folder: string): Promise<Sources> {
  const [tfjsNode, headers] = await Promise.all([
    findPackage(PACKAGES.tfjsNode, folder),
    findPackage(PACKAGES.headers, folder),
  ]);
  return { tfjsNode, headers };
}

/** Copies tfjs-node's compiled JavaScript, without tests and types, and its package.json. */
export async function copyJavaScript(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(join(from, 'package.json'), join(to, 'package.json'));
  await cp(join(from, 'dist'), join(to, 'dist'), {
    recursive: true,
    filter: (file) => !/(_test\.js|\.d\.ts|run_tests\.js)$/.test(basename(file)),
  });
}

async function findPackage(pinned: PinnedPackage, folder: string): Promise<string> {
  const { name, version } = pinned;
  const installed = packageFolder(name);
  if (installed) {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    if (manifest.version === version) return installed;
  }
  return fetchPackage(pinned, join(folder, basename(name)));
}

async function fetchPackage({ name, version, integrity }: PinnedPackage, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const spec = `${name}@${version}`;
  const remedy = `Install it yourself, then run this command again: npm install --ignore-scripts --no-save ${spec}`;
  const packed = await runCommand('npm', [
    ...['pack', spec, '--json', '--ignore-scripts', '--dry-run=false', '--loglevel=error'],
    `--pack-destination=${folder}`,
  ]);
  if (packed.missing)
    throw new InstallError(`npm is not installed; it is required to fetch ${spec}.`, remedy);
  if (!packed.ok) {
    throw new InstallError(`npm could not fetch ${spec}:\n${errorOutput(packed)}\n`, remedy);
  }
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  // Older versions of npm report a scoped package's file name with a slash that the file does not have.
  const file = join(folder, filename.replace(/^@/, '').replace('/', '-'));
  await checkIntegrity(file, integrity, spec);
  const unpacked = await runCommand('tar', ['-xzf', file, '-C', folder]);
  if (!unpacked.ok) {
    throw new InstallError(`tar could not unpack ${spec}:\n${errorOutput(unpacked)}\n`, remedy);
  }
  return join(folder, 'package');
}

/** Checks a tarball's hash before it is unpacked. @throws InstallError if it differs. */
export async function checkIntegrity(file: string, expected: string, spec: string): Promise<void> {
  const actual = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (actual === expected) return;
  throw new InstallError(
    `npm fetched another file than ${spec}: its hash is ${actual}, not ${expected}.`,
    "The registry or a proxy serves another file; check npm's settings (npm config list).",
  );
}
