import { pathToFileURL } from 'node:url';
import { resolveRepositoryFile } from '../measure/repository-file.js';

/** What `tools/mpi/hosts.mjs` exports. */
interface Hosts {
  createHosts(): string;
  removeHosts(): void;
  writeAgent(folder: string): string;
  startOnHosts(agent: string, command: readonly string[]): { output: string; ended: Promise<number> };
}

/** Two network namespaces with a link between them, as two hosts. Requires root and Open MPI. */
export class TwoHosts {
  readonly #tools: Hosts;
  readonly #agent: string;
  readonly folder: string;
  readonly link: string;

  private constructor(tools: Hosts, folder: string) {
    this.#tools = tools;
    this.folder = folder;
    this.link = tools.createHosts();
    this.#agent = tools.writeAgent(folder);
  }

  /** Creates the namespaces. `folder` exists and takes a program that reaches them. */
  static async open(folder: string): Promise<TwoHosts> {
    const file = pathToFileURL(resolveRepositoryFile('tools/mpi/hosts.mjs')).href;
    return new TwoHosts((await import(file)) as Hosts, folder);
  }

  /** Runs a command with one process on each host, and returns what it printed. */
  async run(command: readonly string[]): Promise<string> {
    const state = this.#tools.startOnHosts(this.#agent, command);
    if ((await state.ended) !== 0) throw new Error(`the program failed on two hosts:\n${state.output}`);
    return state.output;
  }

  close(): void {
    this.#tools.removeHosts();
  }
}
