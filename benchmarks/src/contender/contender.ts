import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Description, MemoryFigures, Reply, Request, StepTimes } from './protocol.js';

/** The command that starts a contender, and its names. */
export interface ContenderSpec {
  /** Short unique name, used in JSON and on the command line. */
  id: string;
  /** Name in tables. */
  label: string;
  command: string;
  args: string[];
  /** Environment variables that the process has besides those of this one. */
  env?: Record<string, string>;
  /** What to do if the command is missing or reports that something is missing. */
  remedy?: string;
}

/** Error for a contender that cannot run on this machine. The message says why and what to do. */
export class AbsentError extends Error {}

/** The process of a contender. Only one should work at a time, while the others wait for their next request. */
export class Contender {
  readonly spec: ContenderSpec;
  readonly description: Description;
  /** Peak memory of the process before the model was created, in bytes. */
  readonly footprint: number;
  readonly #line: Line;

  private constructor(spec: ContenderSpec, line: Line, description: Description, footprint: number) {
    this.spec = spec;
    this.#line = line;
    this.description = description;
    this.footprint = footprint;
  }

  /**
   * Starts the process and waits until it is ready.
   * @throws AbsentError if the contender cannot run on this machine.
   */
  static async start(spec: ContenderSpec): Promise<Contender> {
    const line = new Line(spec);
    const reply = await line.next();
    if ('ready' in reply) return new Contender(spec, line, reply.ready, reply.footprint);
    await line.close();
    if ('absent' in reply) throw new AbsentError(appendRemedy(`${spec.label}: ${reply.absent}`, spec.remedy));
    throw new Error(`${spec.label}: expected the reply "ready", got ${JSON.stringify(reply)}.`);
  }

  /**
   * Runs `count` steps.
   * @throws Error if the loss of the last step is not finite, or the reply is malformed.
   */
  async steps(count: number): Promise<StepTimes> {
    const reply = await this.#line.ask({ do: 'steps', count });
    if (!('milliseconds' in reply) || reply.milliseconds.length !== count) {
      throw new Error(
        `${this.spec.label}: expected the times of ${count} steps, got ${JSON.stringify(reply)}.`,
      );
    }
    if (!Number.isFinite(reply.loss)) throw new Error(`${this.spec.label}: the loss is ${reply.loss}.`);
    return reply;
  }

  /** Selects the workload of later steps, in a contender with several. */
  async select(workload: Record<string, string | number>): Promise<void> {
    const reply = await this.#line.ask({ do: 'select', workload });
    if (!('selected' in reply)) {
      throw new Error(`${this.spec.label}: expected the reply "selected", got ${JSON.stringify(reply)}.`);
    }
  }

  /** Returns the current memory figures of the process. */
  async memory(): Promise<MemoryFigures> {
    const reply = await this.#line.ask({ do: 'memory' });
    if (!('memory' in reply)) {
      throw new Error(`${this.spec.label}: expected its memory figures, got ${JSON.stringify(reply)}.`);
    }
    return reply.memory;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#line.close();
  }
}

/** Alternating requests and replies over the stdin and stdout of a process. */
class Line {
  readonly #spec: ContenderSpec;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #exited: Promise<string>;
  #errorText = '';

  constructor(spec: ContenderSpec) {
    this.#spec = spec;
    this.#process = spawn(spec.command, spec.args, {
      stdio: 'pipe',
      env: { ...process.env, ...spec.env },
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      // The end of stderr explains a failure. Keeping only that bounds the memory.
      this.#errorText = (this.#errorText + text).slice(-4000);
    });
    // The missing reply reveals a process that has ended.
    this.#process.stdin.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`the process could not be started: ${error.message}`));
      this.#process.once('close', (code, signal) =>
        resolve(`the process ended with ${signal ?? `status ${code}`}`),
      );
    });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async next(): Promise<Reply> {
    const { done, value } = await this.#lines.next();
    if (!done) return parseReply(value, this.#spec.label);
    const reason = await this.#exited;
    if (this.#process.pid === undefined) {
      throw new AbsentError(appendRemedy(`${this.#spec.label}: ${reason}`, this.#spec.remedy));
    }
    throw new Error(`${this.#spec.label}: ${reason} before it replied.\n${this.#errorText.trim()}`);
  }

  ask(request: Request): Promise<Reply> {
    this.#send(request);
    return this.next();
  }

  async close(): Promise<void> {
    this.#send({ do: 'exit' });
    this.#process.stdin.end();
    const timeout = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(timeout);
    this.#reader.close();
  }

  #send(request: Request): void {
    if (this.#process.stdin.writable) this.#process.stdin.write(`${JSON.stringify(request)}\n`);
  }
}

function parseReply(line: string, label: string): Reply {
  try {
    return JSON.parse(line) as Reply;
  } catch {
    throw new Error(`${label}: expected a reply in JSON, got ${line.slice(0, 200)}`);
  }
}

function appendRemedy(message: string, remedy?: string): string {
  return remedy ? `${message.replace(/\.?$/, '.')} ${remedy}` : message;
}
