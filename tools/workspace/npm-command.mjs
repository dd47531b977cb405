import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

/**
 * Returns the command and arguments that run npm by this Node. A shell is not necessary, so paths and arguments may contain
 * any letter. (On Windows, `npm` is a batch file, which only a shell can run.)
 */
export function npmCommand(...args) {
  return [process.execPath, [findNpm(), ...args]];
}

/** Returns the path of npm's program: of the npm that runs this script, of the one beside Node, or of the one in PATH. */
function findNpm({ npm_execpath: running = '', PATH = '', Path = PATH } = process.env) {
  const folders = [dirname(process.execPath), ...Path.split(delimiter).filter(Boolean)];
  const found = [
    // Another package manager sets its own path.
    ...(basename(running) === 'npm-cli.js' ? [running] : []),
    ...folders.flatMap((folder) => [
      join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
      join(folder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
      linkedNpm(join(folder, 'npm')),
    ]),
  ].find((path) => path && existsSync(path));
  if (!found) throw new Error('npm is not installed: it is neither beside Node nor in PATH. Install npm.');
  return found;
}

/** Returns the program behind the link `npm` that installations make in a folder of PATH, if it is one. */
function linkedNpm(link) {
  if (!existsSync(link)) return undefined;
  const path = realpathSync(link);
  return basename(path) === 'npm-cli.js' ? path : undefined;
}
