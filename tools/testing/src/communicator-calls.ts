/** Calls that a rank of a communicator under test makes on request. */
/** Outcome of a call: its result, or its first argument afterward if it returns nothing. */
export type CallOutcome = { result: unknown; given: unknown } | { error: string };

/** Method of a communicator that a rank calls on request. */
export type CallName =
  | 'barrier'
  | 'broadcast'
  | 'allReduce'
  | 'allGather'
  | 'gather'
  | 'reduceScatter'
  | 'abort';

/** Makes a rank's call and describes its outcome. */
export function makeCall(communicator: object, call: CallName, args: unknown[]): CallOutcome {
  try {
    const method = (communicator as Record<CallName, (...args: unknown[]) => unknown>)[call];
    const result = method.apply(communicator, args);
    return { result: result ?? args[0], given: args[0] };
  } catch (error) {
    const { name, message } = error as Error;
    return { error: `${name}: ${message}` };
  }
}
