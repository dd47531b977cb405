import { createInterface } from 'node:readline';
import { anonymous, collectGarbage, peakRss, rss } from './process-memory.js';
import type { Description, MemoryFigures, Reply, Request } from './protocol.js';

/** What a contender written in JavaScript brings. */
export interface Trainee {
  /** Makes one step and resolves with its loss, when all of its work is done. */
  step(): Promise<number>;
  /** Called before each step; what it takes is not the step's. */
  prepare?(): Promise<void>;
  /** Ends what it started. */
  stop?(): Promise<void>;
  /** What it knows of its memory beyond the process's. */
  memory?(): Omit<MemoryFigures, 'peakRss' | 'rss' | 'anonymous'>;
}

/**
 * Answers the runner until it says `exit` or goes away.
 * @param open Loads what is needed and says what it is; throws where it cannot run here.
 * @param make Makes the model, at the first request for steps.
 */
export async function serve(open: () => Promise<Description>, make: () => Promise<Trainee>): Promise<void> {
  // stdout is the runner's; what libraries print goes to stderr.
  console.log = console.info = console.warn = console.error;
  let ready: Description;
  try {
    ready = await open();
  } catch (error) {
    say({ absent: (error as Error).message });
    return;
  }
  say({ ready, footprint: peakRss() });
  let trainee: Trainee | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    if (request.do === 'exit') break;
    if (request.do === 'memory') {
      collectGarbage();
      say({ memory: { peakRss: peakRss(), rss: rss(), anonymous: anonymous(), ...trainee?.memory?.() } });
      continue;
    }
    trainee ??= await make();
    const milliseconds: number[] = [];
    let loss = Number.NaN;
    let processor = 0;
    for (let i = 0; i < request.count; i++) {
      await trainee.prepare?.();
      const before = process.cpuUsage();
      const begun = performance.now();
      loss = await trainee.step();
      milliseconds.push(performance.now() - begun);
      const { user, system } = process.cpuUsage(before);
      processor += (user + system) / 1000;
      // As between a trainer's steps: without a turn of the event loop nothing else of the process gets to run.
      await new Promise((resolve) => setImmediate(resolve));
    }
    say({ milliseconds, processor, loss });
  }
  await trainee?.stop?.();
  process.exit(0);
}

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
