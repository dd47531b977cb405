import type { NativeBackend } from '../native/installation.js';
import { InstallError } from './install-error.js';

/** Wheel on PyPI that contains libtensorflow and its headers. */
export interface Wheel {
  project: string;
  version: string;
  file: string;
  sha256: string;
  /** Size of the wheel, and of the installation that is unpacked from it. */
  bytes: { download: number; unpacked: number };
}

// The contract suite runs on this release. Other wheels can be passed as a file. After a change, run
// scripts/pin-nvidia-wheels.mjs.
const VERSION = '2.21.0';

const WHEELS: Record<NativeBackend, Record<string, Omit<Wheel, 'version'>>> = {
  node: {
    'linux-x64': {
      project: 'tensorflow-cpu',
      file: 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
      sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
      bytes: { download: 274_000_871, unpacked: 854_000_000 },
    },
    'linux-arm64': {
      project: 'tensorflow',
      file: 'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl',
      sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
      bytes: { download: 281_946_471, unpacked: 900_000_000 },
    },
    'darwin-arm64': {
      project: 'tensorflow',
      file: 'tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl',
      sha256: '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
      bytes: { download: 223_488_205, unpacked: 800_000_000 },
    },
  },
  cuda: {
    'linux-x64': {
      project: 'tensorflow',
      file: 'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
      sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
      bytes: { download: 572_611_111, unpacked: 1_900_000_000 },
    },
  },
};

/**
 * Returns the wheel for a backend on a machine.
 * @throws InstallError if there is none.
 */
export function wheelFor(
  backend: NativeBackend,
  { platform = process.platform as string, arch = process.arch as string, musl = isMusl() } = {},
): Wheel {
  const found = WHEELS[backend][`${platform}-${arch}`];
  const remedy =
    platform === 'win32'
      ? 'Run it in the Windows Subsystem for Linux, or use the backend "wasm".'
      : backend === 'cuda'
        ? 'Use the backend "node" or "wasm".'
        : 'Use the backend "wasm".';
  if (!found) {
    const machines = Object.keys(WHEELS[backend]).join(', ');
    throw new InstallError(
      `The backend "${backend}" is built for ${machines}; this machine is ${platform}-${arch}.`,
      remedy,
    );
  }
  if (platform === 'linux' && musl) {
    throw new InstallError(
      `The backend "${backend}" requires glibc, but this Linux uses musl (as Alpine does).`,
      'Run it on a distribution with glibc, such as Debian, or use the backend "wasm".',
    );
  }
  return { ...found, version: VERSION };
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}
