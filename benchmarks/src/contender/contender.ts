import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Description, MemoryFigures, Reply, Request, StepTimes } from './protocol.js';

/** How a contender is started and named. */
export interface ContenderSpec {
  /** Short and unique: the name in JSON and on the command line. */
  id: string;
  /** The name in tables. */
  label: string;
  command: string;
  args: string[];
  /** What to do where the command is not there, or says that something is not. */
  remedy?: string;
}

/** The contender cannot run here; the message says why and what to do. */
export class AbsentError extends Error {}

/** A contender's process. Only one should be at work at a time; the others wait for their next request. */
export class Contender {
  readonly spec: ContenderSpec;
  readonly description: Description;
  /** Its peak memory in bytes before the model was made. */
  readonly footprint: number;
  readonly #line: Line;

  private constructor(spec: ContenderSpec, line: Line, description: Description, footprint: number) {
    this.spec = spec;
    this.#line = line;
    this.description = description;
    this.footprint = footprint;
  }

  /**
   * Starts the process.
   * @throws AbsentError where it cannot run here.
   */
  static async start(spec: ContenderSpec): Promise<Contender> {
    const line = new Line(spec);
    const reply = await line.next();
    if ('ready' in reply) return new Contender(spec, line, reply.ready, reply.footprint);
    await line.close();
    if ('absent' in reply) throw new AbsentError(withRemedy(`${spec.label}: ${reply.absent}`, spec.remedy));
    throw new Error(`${spec.label} did not say that it is ready: ${JSON.stringify(reply)}`);
  }

  /** Makes so many steps. */
  async steps(count: number): Promise<StepTimes> {
    const reply = await this.#line.ask({ do: 'steps', count });
    if (!('milliseconds' in reply) || reply.milliseconds.length !== count) {
      throw new Error(
        `${this.spec.label} did not answer with the times of ${count} steps: ${JSON.stringify(reply)}`,
      );
    }
    if (!Number.isFinite(reply.loss)) throw new Error(`${this.spec.label}: its loss is ${reply.loss}.`);
    return reply;
  }

  /** Its memory now. */
  async memory(): Promise<MemoryFigures> {
    const reply = await this.#line.ask({ do: 'memory' });
    if (!('memory' in reply))
      throw new Error(`${this.spec.label} did not tell its memory: ${JSON.stringify(reply)}`);
    return reply.memory;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#line.close();
  }
}

/** Requests and replies in turn, over a process's stdin and stdout. */
class Line {
  readonly #spec: ContenderSpec;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #exited: Promise<string>;
  #errorText = '';

  constructor(spec: ContenderSpec) {
    this.#spec = spec;
    this.#process = spawn(spec.command, spec.args, { stdio: 'pipe' });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      // The end is what tells; a chatty library must not fill our memory.
      this.#errorText = (this.#errorText + text).slice(-4000);
    });
    // A process that has gone away is found out by the reply that does not come.
    this.#process.stdin.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`it could not be started: ${error.message}`));
      this.#process.once('close', (code, signal) => resolve(`it ended with ${signal ?? `status ${code}`}`));
    });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async next(): Promise<Reply> {
    const { done, value } = await this.#lines.next();
    if (!done) return parseReply(value, this.#spec.label);
    const how = await this.#exited;
    if (this.#process.pid === undefined) {
      throw new AbsentError(withRemedy(`${this.#spec.label}: ${how}`, this.#spec.remedy));
    }
    throw new Error(`${this.#spec.label}: ${how} before it answered.\n${this.#errorText.trim()}`);
  }

  ask(request: Request): Promise<Reply> {
    this.#send(request);
    return this.next();
  }

  async close(): Promise<void> {
    this.#send({ do: 'exit' });
    this.#process.stdin.end();
    const patience = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(patience);
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
    throw new Error(`${label} printed a line that is no reply: ${line.slice(0, 200)}`);
  }
}

function withRemedy(message: string, remedy?: string): string {
  return remedy ? `${message.replace(/\.?$/, '.')} ${remedy}` : message;
}
