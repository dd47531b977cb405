/** The exit codes that shells report for a process ended by a signal. */
export const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
/** Signals that ask a process to end. */
export const INTERRUPTS = Object.keys(EXIT_CODES) as readonly NodeJS.Signals[];

/** Converts signals to an `AbortSignal`: the first asks the work to stop, the second ends the process at once. */
export interface Interrupt {
  signal: AbortSignal;
  /** Returns the received signal's exit code; undefined before the first signal. */
  exitCode(): number | undefined;
  /** Stops listening. */
  dispose(): void;
}

/** Listens for signals that end a process. @param onFirst Called for the first signal. */
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
