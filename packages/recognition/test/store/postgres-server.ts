/** A PostgreSQL server of a test: its files in a temporary folder, and a Unix socket as the only way to it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeFastFolder } from './fast-folder.js';

/** Name of the tests that require the server. */
export const REQUIRES = 'requires PostgreSQL with pgvector: tools/workspace/install-postgres.sh';

const VERSIONS = '/usr/lib/postgresql';

/** Folder of the newest installed server that has pgvector; undefined if there is none. */
export const postgresBin: string | undefined = existsSync(VERSIONS)
  ? readdirSync(VERSIONS)
      .filter((version) => existsSync(`/usr/share/postgresql/${version}/extension/vector.control`))
      .sort((a, b) => Number(a) - Number(b))
      .map((version) => join(VERSIONS, version, 'bin'))
      .at(-1)
  : undefined;

/** The server refuses to run as root. */
const NOBODY = 65_534;
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Whether the server can have a disk of its own, which requires root. */
export const hasSmallDisk =
  user.uid !== undefined &&
  process.platform === 'linux' &&
  spawnSync('unshare', ['--mount', 'setpriv', '--reuid', String(NOBODY), 'true']).status === 0;

export class PostgresServer {
  #process: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly bin: string,
  ) {}

  /** Creates a database and starts its server. */
  static async start(): Promise<PostgresServer> {
    if (!postgresBin) throw new Error(REQUIRES);
    const folder = makeFastFolder('pg-');
    chmodSync(folder, 0o755);
    const data = join(folder, 'data');
    const disk = join(folder, 'disk');
    for (const path of [data, disk]) mkdirSync(path);
    if (user.uid !== undefined) for (const path of [folder, data, disk]) chownSync(path, user.uid, user.gid);
    execFileSync(
      join(postgresBin, 'initdb'),
      [
        '--pgdata',
        data,
        '--auth',
        'trust',
        '--username',
        'postgres',
        '--encoding',
        'UTF8',
        '--no-locale',
        '--no-sync',
      ],
      { ...user, cwd: folder, stdio: 'pipe' },
    );
    const server = new PostgresServer(folder, postgresBin);
    await server.run();
    return server;
  }

  /** Connection for `pg`. */
  get connection() {
    return { host: this.folder, user: 'postgres', database: 'postgres' };
  }

  /** Folder that only the server sees as a disk of 4 MB, where `hasSmallDisk`. */
  get disk(): string {
    return join(this.folder, 'disk');
  }

  /** Starts the server's process and waits until it answers. */
  async run(): Promise<void> {
    const data = join(this.folder, 'data');
    const command = [join(this.bin, 'postgres'), '-D', data, '-k', this.folder, '-c', 'listen_addresses='];
    const mount = `mount -t tmpfs -o size=4m,mode=700,uid=${NOBODY},gid=${NOBODY} tmpfs "$0"`;
    const become = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
    // Each program is replaced by the next, so that the process is the server's.
    const [file, ...args] = hasSmallDisk
      ? ['unshare', '--mount', 'bash', '-c', `${mount} && exec "$@"`, this.disk, ...become, ...command]
      : command;
    this.#process = spawn(file, args, {
      ...(!hasSmallDisk && user),
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    this.#process.stderr?.on('data', (text) => {
      log += text;
    });
    for (let attempt = 0; attempt < 600; attempt++) {
      const client = new pg.Client(this.connection);
      client.on('error', () => {});
      try {
        await client.connect();
        await client.query('SELECT 1');
        await client.end();
        return;
      } catch {
        await client.end().catch(() => {});
        if (this.#process.exitCode !== null) throw new Error(`the server ended:\n${log}`);
        await sleep(50);
      }
    }
    throw new Error(`the server did not start:\n${log}`);
  }

  /** Kills the server's process and those of its connections. */
  async kill(): Promise<void> {
    const main = this.#process;
    if (!main?.pid) return;
    const children = childrenOf(main.pid);
    const ended = once(main, 'exit');
    for (const pid of [main.pid, ...children]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    await ended;
    while (children.some((pid) => existsSync(`/proc/${pid}`))) await sleep(10);
  }

  /** Ends the server and deletes its files. */
  async stop(): Promise<void> {
    const main = this.#process;
    if (main && main.exitCode === null && main.signalCode === null) {
      const ended = once(main, 'exit');
      // Immediate shutdown.
      main.kill('SIGQUIT');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}
