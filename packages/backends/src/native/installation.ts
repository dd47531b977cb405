import { builtinModule, cacheFolder } from '@unitsphere/core/disk';

/** Names of the native backends: TensorFlow's own library on the CPU and on NVIDIA GPUs. */
export const NATIVE_BACKENDS = ['node', 'cuda'] as const;

/** Name of a native backend. */
export type NativeBackend = (typeof NATIVE_BACKENDS)[number];

/** Supported release of @tensorflow/tfjs-node, whose broken kernels this version replaces. */
export const TFJS_NODE_VERSION = '4.22.0';

/** npm packages with the JavaScript and a prebuilt binding of each native backend. */
export const PEER_PACKAGES = { node: '@tensorflow/tfjs-node', cuda: '@tensorflow/tfjs-node-gpu' } as const;

/** Manifest of an installation. It is written last, so its presence marks a complete installation. */
export interface Manifest {
  /** Version of the folder's layout. */
  format: 1;
  backend: NativeBackend;
  platform: string;
  arch: string;
  tfjsNode: string;
  /** Version that libtensorflow reports. */
  tensorflow: string;
  /** Wheel that contained the library. */
  wheel: { file: string; sha256: string };
  /** Version line of the compiler. */
  compiler: string;
  /** Whether the library found a GPU when it was checked. */
  gpu: boolean;
  /** Whether the binding takes functions, which XLA compiles. Absent in installations of earlier versions. */
  functions?: boolean;
  /** Whether the binding runs operations on threads of their own. Absent in installations of earlier versions. */
  queues?: boolean;
  /** ISO 8601 time. */
  installedAt: string;
}

/** Files of a native backend that can be loaded. */
export interface Installation {
  /** Folder of tfjs-node's compiled JavaScript. */
  javascript: string;
  /** File of its binding, which finds libtensorflow by itself. */
  binding: string;
  /** Version of tfjs-node. */
  version: string;
  /** Version of libtensorflow, if known without loading it. */
  tensorflow?: string;
  /** Whether XLA can compile kernels. */
  functions?: boolean;
}

/** Returns the command that installs a native backend. */
export function installCommand(backend: NativeBackend): string {
  return `npx @unitsphere/backends install ${backend}`;
}

/** Returns the folder in which a native backend is installed for this machine. */
export function installationFolder(backend: NativeBackend, cache: string = cacheFolder()): string {
  const { join } = builtinModule('node:path');
  return join(cache, 'unitsphere', 'native', `${backend}-${process.platform}-${process.arch}`);
}

/** Returns the paths inside an installation. */
export function installationFiles(folder: string) {
  const { join } = builtinModule('node:path');
  return {
    manifest: join(folder, 'manifest.json'),
    // As in the wheel: the library's search path contains ../nvidia.
    libraries: join(folder, 'tensorflow'),
    binding: join(folder, 'tensorflow', 'tfjs_binding.node'),
    nvidia: join(folder, 'nvidia'),
    tfjsNode: join(folder, 'tfjs-node'),
  };
}

/** Reads the manifest of an installation; undefined if there is no complete one that this version supports. */
export function readManifest(folder: string): Manifest | undefined {
  const { readFileSync, existsSync } = builtinModule('node:fs');
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

/** Finds what `unitsphere backend install` installed, otherwise a peer package with its own binding. */
export function findInstallation(backend: NativeBackend): Installation | undefined {
  const folder = installationFolder(backend);
  const manifest = readManifest(folder);
  if (manifest) {
    const { binding, tfjsNode } = installationFiles(folder);
    const { tensorflow, functions, tfjsNode: version } = manifest;
    const javascript = builtinModule('node:path').join(tfjsNode, 'dist');
    return { javascript, binding, version, tensorflow, functions };
  }
  return peerInstallation(PEER_PACKAGES[backend]);
}

/** Resolves the folder of a package from the working folder or the running script; undefined if not installed. */
export function packageFolder(name: string): string | undefined {
  const { dirname, join } = builtinModule('node:path');
  const { createRequire } = builtinModule('node:module');
  const { realpathSync } = builtinModule('node:fs');
  const script = process.argv[1];
  for (const from of [join(process.cwd(), '_'), ...(script ? [script] : [])]) {
    try {
      return dirname(realpathSync(createRequire(from).resolve(`${name}/package.json`)));
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

function peerInstallation(name: string): Installation | undefined {
  const { join } = builtinModule('node:path');
  const { existsSync, readFileSync } = builtinModule('node:fs');
  const folder = packageFolder(name);
  if (!folder) return undefined;
  // Its installer names the folder after the newest Node-API version that both sides support.
  for (let api = 9; api >= 3; api--) {
    const binding = join(folder, 'lib', `napi-v${api}`, 'tfjs_binding.node');
    if (!existsSync(binding)) continue;
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { javascript: join(folder, 'dist'), binding, version };
  }
  return undefined;
}
