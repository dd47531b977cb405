import { createInterface } from 'node:readline';
import { collectGarbage, readAnonymousRss, readPeakRss, readRss, resetPeakRss } from './process-memory.js';
import type { Description, MemoryFigures, Reply, Request } from './protocol.js';

/** The step that a contender written in JavaScript runs. */
export interface StepRunner {
  /** Runs one step, and resolves with its loss. */
  step(): Promise<number>;
  /** Waits for work of the steps that a device still does. Called in the measured time of the last step of a turn. */
  finish?(): Promise<void>;
  /** Called before each step, outside the measured time. */
  prepare?(): Promise<void>;
  /** Ends everything that was started. */
  stop?(): Promise<void>;
  /** Returns memory figures beyond those of the process. */
  memory?(): Omit<MemoryFigures, 'peakRss' | 'rss' | 'anonymous'>;
}

/**
 * Answers requests until the runner sends `exit` or closes stdin.
 * @param open Loads the libraries and describes the contender. Throws if the contender cannot run on this machine.
 * @param make Creates the model, on the first request for steps after each selection of a workload.
 */
export async function serve(
  open: () => Promise<Description>,
  make: (workload: Record<string, string | number>) => Promise<StepRunner>,
): Promise<void> {
  // stdout carries the protocol, so library output goes to stderr.
  console.log = console.info = console.warn = console.error;
  let ready: Description;
  try {
    ready = await open();
  } catch (error) {
    send({ absent: (error as Error).message });
    return;
  }
  send({ ready, footprint: readPeakRss() });
  let runner: StepRunner | undefined;
  let workload: Record<string, string | number> = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    if (request.do === 'exit') break;
    if (request.do === 'select') {
      await runner?.stop?.();
      runner = undefined;
      workload = request.workload;
      collectGarbage();
      resetPeakRss();
      send({ selected: true });
      continue;
    }
    if (request.do === 'memory') {
      collectGarbage();
      send({
        memory: {
          peakRss: readPeakRss(),
          rss: readRss(),
          anonymous: readAnonymousRss(),
          ...runner?.memory?.(),
        },
      });
      continue;
    }
    runner ??= await make(workload);
    const milliseconds: number[] = [];
    let loss = Number.NaN;
    let processor = 0;
    for (let i = 0; i < request.count; i++) {
      await runner.prepare?.();
      const before = process.cpuUsage();
      const start = performance.now();
      loss = await runner.step();
      if (i === request.count - 1) await runner.finish?.();
      milliseconds.push(performance.now() - start);
      const { user, system } = process.cpuUsage(before);
      processor += (user + system) / 1000;
      // A trainer also yields to the event loop between steps, so that the rest of the process can run.
      await new Promise((resolve) => setImmediate(resolve));
    }
    send({ milliseconds, processor, loss });
  }
  await runner?.stop?.();
  process.exit(0);
}

function send(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
