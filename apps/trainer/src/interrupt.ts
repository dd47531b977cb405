/** The exit codes that shells give a process that a signal ended. */
const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
/** Signals by which a person, a terminal or a machine asks a process to end. */
export const INTERRUPTS = Object.keys(EXIT_CODES) as readonly NodeJS.Signals[];

/** Signals turned into an `AbortSignal`: the first asks the work to stop at a good place, the second ends at once. */
export interface Interrupt {
  signal: AbortSignal;
  /** The exit code that the signal stands for; undefined while there was none. */
  exitCode(): number | undefined;
  /** Stops listening. */
  dispose(): void;
}

/** @param onFirst Told of the first signal, to say what happens now. */
export function listenForInterrupt(onFirst: (signal: NodeJS.Signals) => void): Interrupt {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (received !== undefined) process.exit(EXIT_CODES[signal]);
    received = signal;
    controller.abort(new Error(`stopped by ${signal}`));
    onFirst(signal);
  };
  for (const signal of INTERRUPTS) process.on(signal, listener);
  return {
    signal: controller.signal,
    exitCode: () => received && EXIT_CODES[received],
    dispose: () => {
      for (const signal of INTERRUPTS) process.off(signal, listener);
    },
  };
}
