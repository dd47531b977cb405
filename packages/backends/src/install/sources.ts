import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { packageFolder, TFJS_NODE_VERSION } from '../native/installation.js';
import { InstallError } from './install-error.js';
import { errorOutput, runCommand } from './run-command.js';

/** npm packages that the binding is built from. */
const PACKAGES = {
  tfjsNode: { name: '@tensorflow/tfjs-node', version: TFJS_NODE_VERSION },
  headers: { name: 'node-api-headers', version: '1.9.0' },
};

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

async function findPackage(
  { name, version }: (typeof PACKAGES)['tfjsNode'],
  folder: string,
): Promise<string> {
  const installed = packageFolder(name);
  if (installed) {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    if (manifest.version === version) return installed;
  }
  return fetchPackage(name, version, join(folder, basename(name)));
}

async function fetchPackage(name: string, version: string, folder: string): Promise<string> {
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
  const unpacked = await runCommand('tar', ['-xzf', file, '-C', folder]);
  if (!unpacked.ok) {
    throw new InstallError(`tar could not unpack ${spec}:\n${errorOutput(unpacked)}\n`, remedy);
  }
  return join(folder, 'package');
}
