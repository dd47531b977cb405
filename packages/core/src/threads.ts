/** A thread in Node or in a page. */
export interface Thread {
  post(message: unknown): void;
  /** Says whether the thread keeps Node's process running. It does at first. */
  hold(isBusy: boolean): void;
  close(): void;
}

/** What a thread reports. */
export interface ThreadHandlers {
  onMessage(data: unknown): void;
  /** The thread threw an error or ended, also after {@link Thread.close}. The reason ends a sentence. */
  onFailure(reason: string): void;
}

/**
 * Starts a thread from the source of a script, so that no bundler has to find its file.
 * @param source A script without imports. It posts to `parentPort` in Node, and to its global scope in a page.
 * @param name Name of the thread in debuggers.
 */
export function startThread(source: string, name: string, { onMessage, onFailure }: ThreadHandlers): Thread {
  if (typeof process !== 'undefined' && process.getBuiltinModule) {
    const { Worker: NodeWorker } = process.getBuiltinModule('node:worker_threads');
    const worker = new NodeWorker(source, { eval: true, name });
    worker.on('message', onMessage);
    worker.on('error', ({ message }) => onFailure(message));
    worker.on('exit', (code) => onFailure(`it ended with status ${code}.`));
    return {
      post: (message) => worker.postMessage(message),
      hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
      close: () => void worker.terminate(),
    };
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url, { name });
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = ({ message }) => onFailure(message || "the page's content security policy forbids it.");
  return {
    post: (message) => worker.postMessage(message),
    hold: () => undefined,
    close() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
