import { builtin } from './builtins.js';

/** The native backends: TensorFlow's own library on the CPU, and on an NVIDIA GPU. */
export const NATIVE_BACKENDS = ['node', 'cuda'] as const;

/** A native backend's name. */
export type NativeBackend = (typeof NATIVE_BACKENDS)[number];

/** The release of @tensorflow/tfjs-node that this version knows how to mend. */
export const TFJS_NODE_VERSION = '4.22.0';

/** Where each native backend's JavaScript and prebuilt binding come from, where npm's download of them works. */
export const PEER_PACKAGES = { node: '@tensorflow/tfjs-node', cuda: '@tensorflow/tfjs-node-gpu' } as const;

/** Written last into a finished installation: what it was made of. */
export interface Manifest {
  /** Raised when the layout of the folder changes. */
  format: 1;
  backend: NativeBackend;
  platform: string;
  arch: string;
  tfjsNode: string;
  /** libtensorflow's own version, as it reports it. */
  tensorflow: string;
  /** The wheel that the library came from. */
  wheel: { file: string; sha256: string };
  compiler: string;
  /** Whether the library saw a GPU when it was checked. */
  gpu: boolean;
  installedAt: string;
}

/** A native backend that can be loaded. */
export interface Installation {
  /** The folder of tfjs-node's compiled JavaScript. */
  javascript: string;
  /** The file of its binding, which finds libtensorflow by itself. */
  binding: string;
  /** tfjs-node's version. */
  version: string;
  /** libtensorflow's version, where it is known without loading it. */
  tensorflow?: string;
}

/** The one command that makes a native backend available. */
export function installCommand(backend: NativeBackend): string {
  return `npx @unitsphere/backends install ${backend}`;
}

/** The user's cache folder: XDG's, or the platform's. */
export function cacheFolder(
  env: Record<string, string | undefined> = process.env,
  platform: string = process.platform,
): string {
  const { join } = builtin('node:path');
  const home = builtin('node:os').homedir();
  if (env['XDG_CACHE_HOME']) return env['XDG_CACHE_HOME'];
  if (platform === 'darwin') return join(home, 'Library', 'Caches');
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local');
  return join(home, '.cache');
}

/** Where a native backend is installed for the machine that runs this. */
export function installationFolder(backend: NativeBackend, cache: string = cacheFolder()): string {
  const { join } = builtin('node:path');
  return join(cache, 'unitsphere', 'native', `${backend}-${process.platform}-${process.arch}`);
}

/** The files of an installation, by what they are. */
export function installationFiles(folder: string) {
  const { join } = builtin('node:path');
  return {
    manifest: join(folder, 'manifest.json'),
    // Beside the library, as in the wheel: its own search path finds NVIDIA's wheels at ../nvidia.
    libraries: join(folder, 'tensorflow'),
    binding: join(folder, 'tensorflow', 'tfjs_binding.node'),
    nvidia: join(folder, 'nvidia'),
    tfjsNode: join(folder, 'tfjs-node'),
  };
}

/** The manifest of a finished installation in this folder, or undefined where there is none that this version reads. */
export function readManifest(folder: string): Manifest | undefined {
  const { readFileSync, existsSync } = builtin('node:fs');
  const files = installationFiles(folder);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(files.manifest, 'utf8'));
  } catch {
    return undefined;
  }
  const usable = manifest.format === 1 && manifest.tfjsNode === TFJS_NODE_VERSION;
  return usable && existsSync(files.binding) ? manifest : undefined;
}

/** What `unitsphere backend install` left for this backend, or else a peer package that has its own binding. */
export function findInstallation(backend: NativeBackend): Installation | undefined {
  const folder = installationFolder(backend);
  const manifest = readManifest(folder);
  if (manifest) {
    const { binding, tfjsNode } = installationFiles(folder);
    const { tensorflow, tfjsNode: version } = manifest;
    return { javascript: builtin('node:path').join(tfjsNode, 'dist'), binding, version, tensorflow };
  }
  return peerInstallation(PEER_PACKAGES[backend]);
}

/** The folder of a package, seen from the running script or the working folder; undefined where it is not installed. */
export function packageFolder(name: string): string | undefined {
  const { dirname, join } = builtin('node:path');
  const { createRequire } = builtin('node:module');
  const { realpathSync } = builtin('node:fs');
  const script = process.argv[1];
  for (const from of [join(process.cwd(), '_'), ...(script ? [script] : [])]) {
    try {
      return dirname(realpathSync(createRequire(from).resolve(`${name}/package.json`)));
    } catch {
      // Not to be found from there.
    }
  }
  return undefined;
}

function peerInstallation(name: string): Installation | undefined {
  const { join } = builtin('node:path');
  const { existsSync, readFileSync } = builtin('node:fs');
  const folder = packageFolder(name);
  if (!folder) return undefined;
  // Its installer names the folder after the newest Node-API that both sides know.
  for (let api = 9; api >= 3; api--) {
    const binding = join(folder, 'lib', `napi-v${api}`, 'tfjs_binding.node');
    if (!existsSync(binding)) continue;
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { javascript: join(folder, 'dist'), binding, version };
  }
  return undefined;
}
