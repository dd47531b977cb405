import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  installationFiles,
  installationFolder,
  installCommand,
  type Manifest,
  type NativeBackend,
  readManifest,
  TFJS_NODE_VERSION,
} from '../native/installation.js';
import { listGpus } from '../native/native.js';
import { type CheckedBinding, checkBinding } from './check-binding.js';
import { compileBinding, findCompiler } from './compile-binding.js';
import { downloadWheel, findPython, sha256 } from './download-wheel.js';
import { InstallError } from './install-error.js';
import { installNvidiaLibraries, pinnedNvidiaWheels } from './nvidia.js';
import { copyJavaScript, findSources } from './sources.js';
import { buildFolder } from './staging.js';
import { unpackWheel } from './unpack-wheel.js';
import { wheelFor } from './wheels.js';

/** Options of {@link installNativeBackend}. */
export interface InstallOptions {
  /** Whether to rebuild an existing installation. Default: false. */
  force?: boolean;
  /** Path of a wheel of tensorflow or tensorflow-cpu to use instead of downloading one. */
  wheel?: string;
  /** For `cuda`: install for another machine. Always fetches NVIDIA's libraries, and does not require a GPU. Default: false. */
  withoutGpu?: boolean;
  /** Called at each step with a short description of it. */
  onProgress?: (step: string) => void;
}

/** Result of {@link installNativeBackend}. */
export interface InstalledBackend {
  folder: string;
  manifest: Manifest;
  /** Whether this call built it; false if it was already installed. */
  isNew: boolean;
}

/**
 * Installs a native backend for `useBackend`: builds tfjs-node's binding against the libtensorflow in a wheel from PyPI. The
 * result is stored in the user's cache folder (`XDG_CACHE_HOME` or the platform's). Returns at once if the backend is
 * already installed.
 *
 * Requires a C++17 compiler, and pip or `PIP_INDEX_URL`. The sources come from an installed `@tensorflow/tfjs-node` or from
 * `npm pack`. On failure, all new files are deleted and an existing installation is unchanged.
 *
 * @param backend `node` for the CPU (Linux x64 and arm64, macOS arm64), `cuda` for NVIDIA GPUs (Linux x64).
 * @throws InstallError that names the missing tool or failed step, and the command that fixes it.
 */
export async function installNativeBackend(
  backend: NativeBackend,
  { force = false, wheel: given, withoutGpu = false, onProgress = () => {} }: InstallOptions = {},
): Promise<InstalledBackend> {
  const folder = installationFolder(backend);
  const present = force ? undefined : readManifest(folder);
  // Earlier versions built a binding without them.
  if (present?.functions && present.queues) return { folder, manifest: present, isNew: false };

  // Missing tools are reported before anything is downloaded.
  const wheel = wheelFor(backend);
  const compiler = await findCompiler();
  const python = await findPython();
  const nvidiaPython = backend === 'cuda' ? requireGpuTools(withoutGpu, python) : undefined;
  const nvidiaBytes = backend === 'cuda' ? 6e9 : 0;
  const needed = wheel.bytes.unpacked + (given ? 0 : wheel.bytes.download) + nvidiaBytes;

  const manifest = await buildFolder(folder, needed, async (staging) => {
    const files = installationFiles(staging);
    const work = join(staging, 'work');
    await mkdir(work);
    onProgress('fetching the sources of tfjs-node');
    const sources = await findSources(work);
    if (!given) onProgress(`downloading ${wheel.file} (${Math.round(wheel.bytes.download / 1e6)} MB)`);
    const file = given ?? (await downloadWheel(wheel, work, python));
    const hash = given ? await sha256(given) : wheel.sha256;
    onProgress('unpacking libtensorflow');
    const unpacked = await unpackWheel(file, staging);
    const nvidiaWheels = backend === 'cuda' ? pinnedNvidiaWheels(unpacked.metadata) : [];
    onProgress(`compiling the binding with ${compiler.version}`);
    await compileBinding(compiler, sources, unpacked, files.binding);
    await copyJavaScript(sources.tfjsNode, files.tfjsNode);
    await rm(unpacked.include, { recursive: true });
    await rm(work, { recursive: true });
    onProgress('checking the binding');
    let checked = await checkBinding(files.binding);
    if (nvidiaPython !== undefined && (withoutGpu || !checked.gpu)) {
      onProgress("fetching NVIDIA's libraries with pip (about 3 GB)");
      await installNvidiaLibraries(nvidiaPython, staging, nvidiaWheels);
      checked = await checkBinding(files.binding);
      if (!withoutGpu) checkGpu(checked);
    }
    const manifest: Manifest = {
      format: 1,
      backend,
      platform: process.platform,
      arch: process.arch,
      tfjsNode: TFJS_NODE_VERSION,
      ...checked,
      wheel: { file: basename(file), sha256: hash },
      compiler: compiler.version,
      installedAt: new Date().toISOString(),
    };
    await writeFile(files.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  });
  return { folder, manifest, isNew: true };
}

/** Checks for a GPU and for Python with pip. @returns The Python. */
function requireGpuTools(withoutGpu: boolean, python: string | undefined): string {
  if (!withoutGpu && listGpus().length === 0) {
    throw new InstallError(
      'nvidia-smi reports no GPU here.',
      `Install NVIDIA's driver first, or install for another machine: ${installCommand('cuda')} --without-gpu`,
    );
  }
  if (!python) {
    throw new InstallError(
      "Python with pip is not installed; it is required to fetch NVIDIA's libraries.",
      'Install it, on Debian or Ubuntu: sudo apt-get install python3-pip',
    );
  }
  return python;
}

function checkGpu({ gpu, tensorflow }: CheckedBinding): void {
  if (gpu) return;
  throw new InstallError(
    `libtensorflow ${tensorflow} was built and runs, but finds no usable GPU.`,
    "Compare the driver's CUDA version in nvidia-smi with https://www.tensorflow.org/install/gpu; run this command with TF_CPP_MIN_LOG_LEVEL=0 to see what TensorFlow lacks.",
  );
}
