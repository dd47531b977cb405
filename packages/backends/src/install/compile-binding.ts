import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bindingSource } from './binding-source.js';
import { InstallError } from './install-error.js';
import { errorOutput, runCommand } from './run-command.js';
import type { Sources } from './sources.js';
import type { UnpackedWheel } from './unpack-wheel.js';

/** Installed C++ compiler. */
export interface Compiler {
  /** Program and its arguments. */
  command: string[];
  /** First line of its `--version`. */
  version: string;
}

/**
 * Finds a C++ compiler: `CXX` if set, otherwise the first of the usual names that runs.
 * @throws InstallError if there is none, with the command that installs one on this system.
 */
export async function findCompiler(env: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  const set = env['CXX']?.trim();
  const candidates = set ? [set.split(/\s+/)] : [['c++'], ['g++'], ['clang++']];
  for (const [command, ...args] of candidates) {
    const { ok, stdout } = await runCommand(command, [...args, '--version'], { env });
    if (ok) return { command: [command, ...args], version: stdout.split('\n')[0].trim() };
  }
  throw new InstallError(
    set ? `The C++ compiler "${set}" in CXX does not run.` : 'No C++ compiler is installed.',
    `Install one: ${await compilerInstallCommand()}`,
  );
}

async function compilerInstallCommand(): Promise<string> {
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
 * Compiles tfjs-node's binding, with functions that XLA compiles, against an unpacked library.
 * @param binding Path of the result, in the folder of the library.
 * @throws InstallError with the compiler's error output.
 */
export async function compileBinding(
  { command: [command, ...before] }: Compiler,
  { tfjsNode, headers }: Sources,
  { libraries, include }: UnpackedWheel,
  binding: string,
): Promise<void> {
  const isMac = process.platform === 'darwin';
  const library = (name: string) => (isMac ? join(libraries, `lib${name}.2.dylib`) : `-l:lib${name}.so.2`);
  const result = await runCommand(command, [
    ...before,
    ...['-std=c++17', '-O2', '-fPIC', '-w', '-DNAPI_VERSION=8'],
    ...[`-I${tfjsNode}`, `-I${include}`, `-I${join(headers, 'include')}`],
    ...[join(tfjsNode, 'binding', 'tfjs_backend.cc'), bindingSource()],
    ...(isMac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', `-L${libraries}`]),
    // The binding finds the library in its own folder, even after that is moved.
    ...[library('tensorflow_cc'), library('tensorflow_framework')],
    `-Wl,-rpath,${isMac ? '@loader_path' : '$ORIGIN'}`,
    ...['-o', binding],
  ]);
  if (result.ok) return;
  throw new InstallError(
    `${command} could not compile tfjs-node's binding:\n${errorOutput(result, 12)}\n`,
    'Set CXX to a C++17 compiler: GCC 8, Clang 7 or newer.',
  );
}
