import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  cacheFolder,
  installationFiles,
  installationFolder,
  installCommand,
  type Manifest,
  type NativeBackend,
  readManifest,
  TFJS_NODE_VERSION,
} from '../native/installation.js';
import { gpuNames } from '../native/native.js';
import { type CheckedBinding, checkBinding } from './check-binding.js';
import { compileBinding, findCompiler } from './compile-binding.js';
import { downloadWheel, findPython, sha256 } from './download-wheel.js';
import { InstallError } from './install-error.js';
import { installNvidiaLibraries, nvidiaRequirements } from './nvidia.js';
import { copyJavaScript, findSources } from './sources.js';
import { replaceFolder } from './staging.js';
import { unpackWheel } from './unpack-wheel.js';
import { wheelFor } from './wheels.js';

/** Options of {@link installNativeBackend}. */
export interface InstallOptions {
  /** Build anew although a finished installation is there. */
  force?: boolean;
  /** A wheel of tensorflow or tensorflow-cpu on disk, to be used in place of the one that would be downloaded. */
  wheel?: string;
  /** For `cuda`: install for another machine that has the GPU; fetches NVIDIA's libraries and checks for no GPU. */
  withoutGpu?: boolean;
  /** Called with what is being done, a few words at a time. */
  onProgress?: (what: string) => void;
}

/** A native backend as it is now installed. */
export interface InstalledBackend {
  folder: string;
  manifest: Manifest;
  /** False when it was there already. */
  fresh: boolean;
}

/**
 * Makes a native backend available to `useBackend`: builds tfjs-node's own binding against the libtensorflow in a
 * wheel from PyPI, into the user's cache folder (`XDG_CACHE_HOME` or the platform's).
 *
 * Needs a C++17 compiler, and pip or an open way to PyPI; sources come from the installed `@tensorflow/tfjs-node` or by
 * `npm pack`. Nothing is left behind when it fails, and an earlier installation stays as it was. Returns at once when
 * the backend is installed already.
 *
 * @param backend `node` for the CPU (Linux x64 and arm64, macOS arm64), `cuda` for NVIDIA GPUs (Linux x64).
 * @throws InstallError which says what is missing, and the command that mends it.
 */
export async function installNativeBackend(
  backend: NativeBackend,
  { force = false, wheel: given, withoutGpu = false, onProgress = () => {} }: InstallOptions = {},
): Promise<InstalledBackend> {
  const folder = installationFolder(backend, cacheFolder());
  const present = force ? undefined : readManifest(folder);
  if (present) return { folder, manifest: present, fresh: false };

  // Whatever can be missing is looked for before anything is downloaded.
  const wheel = wheelFor(backend);
  const compiler = await findCompiler();
  const python = await findPython();
  if (backend === 'cuda') checkGpuTools(withoutGpu, python);
  const nvidiaBytes = backend === 'cuda' ? 6e9 : 0;
  const needed = wheel.bytes.unpacked + (given ? 0 : wheel.bytes.download) + nvidiaBytes;

  const manifest = await replaceFolder(folder, needed, async (staging) => {
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
    onProgress(`compiling the binding with ${compiler.version}`);
    await compileBinding(compiler, sources, unpacked, files.binding);
    await copyJavaScript(sources.tfjsNode, files.tfjsNode);
    await rm(unpacked.include, { recursive: true });
    await rm(work, { recursive: true });
    onProgress('checking it');
    let checked = await checkBinding(files.binding);
    if (backend === 'cuda' && (withoutGpu || !checked.gpu)) {
      onProgress("fetching NVIDIA's libraries with pip (about 3 GB)");
      await installNvidiaLibraries(python!, staging, nvidiaRequirements(unpacked.metadata));
      checked = await checkBinding(files.binding);
      if (!withoutGpu) checkGpu(checked);
    }
    const made: Manifest = {
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
    await writeFile(files.manifest, `${JSON.stringify(made, null, 2)}\n`);
    return made;
  });
  return { folder, manifest, fresh: true };
}

function checkGpuTools(withoutGpu: boolean, python: string | undefined): void {
  if (!withoutGpu && gpuNames().length === 0) {
    throw new InstallError(
      'nvidia-smi lists no GPU here.',
      `Install NVIDIA's driver first; or, to install for a machine that has it: ${installCommand('cuda')} --without-gpu`,
    );
  }
  if (!python) {
    throw new InstallError(
      "Python with pip, which fetches NVIDIA's libraries, is not installed.",
      'Install it, on Debian or Ubuntu: sudo apt-get install python3-pip',
    );
  }
}

function checkGpu({ gpu, tensorflow }: CheckedBinding): void {
  if (gpu) return;
  throw new InstallError(
    `libtensorflow ${tensorflow} was built and runs, but finds no GPU that it can use.`,
    "Compare the driver's CUDA version in nvidia-smi with https://www.tensorflow.org/install/gpu; TF_CPP_MIN_LOG_LEVEL=0 before this command shows what TensorFlow misses.",
  );
}
