import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError } from './install-error.js';
import { complaint, runCommand } from './run-command.js';
import type { Sources } from './sources.js';
import type { UnpackedWheel } from './unpack-wheel.js';

/** A C++ compiler. */
export interface Compiler {
  command: string[];
  /** The first line of what it says of itself. */
  version: string;
}

/**
 * The C++ compiler: `CXX` where that is set, else the first of the usual names.
 * @throws InstallError when there is none, with the command that installs one on this system.
 */
export async function findCompiler(env: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  const set = env['CXX']?.trim();
  const candidates = set ? [set.split(/\s+/)] : [['c++'], ['g++'], ['clang++']];
  for (const [command, ...args] of candidates) {
    const { ok, stdout } = await runCommand(command, [...args, '--version'], { env });
    if (ok) return { command: [command, ...args], version: stdout.split('\n')[0].trim() };
  }
  throw new InstallError(
    set ? `The C++ compiler "${set}" that CXX names does not run.` : 'No C++ compiler is installed here.',
    `Install one: ${await compilerCommand()}`,
  );
}

async function compilerCommand(): Promise<string> {
  if (process.platform === 'darwin') return 'xcode-select --install';
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const [, family = ''] = /^ID_LIKE="?([^"\n]+)/m.exec(release) ?? /^ID="?([^"\n]+)/m.exec(release) ?? [];
  if (/debian|ubuntu/.test(family)) return 'sudo apt-get install g++';
  if (/fedora|rhel|centos/.test(family)) return 'sudo dnf install gcc-c++';
  if (/suse/.test(family)) return 'sudo zypper install gcc-c++';
  if (/arch/.test(family)) return 'sudo pacman -S gcc';
  return 'g++ or clang++, from your system’s packages';
}

/**
 * Compiles tfjs-node's binding against an unpacked library, to a file beside it.
 * @throws InstallError with the compiler's complaint.
 */
export async function compileBinding(
  { command: [command, ...before] }: Compiler,
  { tfjsNode, headers }: Sources,
  { libraries, include }: UnpackedWheel,
  binding: string,
): Promise<void> {
  const mac = process.platform === 'darwin';
  const library = (name: string) => (mac ? join(libraries, `lib${name}.2.dylib`) : `-l:lib${name}.so.2`);
  const result = await runCommand(command, [
    ...before,
    ...['-std=c++17', '-O2', '-fPIC', '-w', '-DNAPI_VERSION=8'],
    ...[`-I${tfjsNode}`, `-I${include}`, `-I${join(headers, 'include')}`],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(tfjsNode, 'binding', file)),
    ...(mac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', `-L${libraries}`]),
    // Found beside the binding, wherever the folder is moved to.
    ...[library('tensorflow_cc'), library('tensorflow_framework')],
    `-Wl,-rpath,${mac ? '@loader_path' : '$ORIGIN'}`,
    ...['-o', binding],
  ]);
  if (result.ok) return;
  throw new InstallError(
    `${command} could not compile tfjs-node's binding:\n${complaint(result, 12)}\n`,
    'A C++17 compiler is needed: GCC 8, Clang 7 or newer; name one in the variable CXX.',
  );
}
