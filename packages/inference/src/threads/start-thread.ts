/** A thread in Node or in a page. */
export interface Thread {
  post(message: unknown): void;
  /** Lets Node's process end although the thread waits for messages. */
  unref(): void;
  close(): void;
}

/** What a thread reports. */
export interface ThreadHandlers {
  onMessage(data: unknown): void;
  onFailure(reason: string): void;
}

/** Starts a thread from its source. */
export function startThread(source: string, name: string, { onMessage, onFailure }: ThreadHandlers): Thread {
  if (typeof process !== 'undefined' && process.getBuiltinModule) {
    const { Worker: NodeWorker } = process.getBuiltinModule('node:worker_threads');
    const worker = new NodeWorker(source, { eval: true, name });
    worker.on('message', onMessage);
    worker.on('error', ({ message }) => onFailure(message));
    worker.on('exit', (code) => onFailure(`it ended with status ${code}.`));
    return {
      post: (message) => worker.postMessage(message),
      unref: () => worker.unref(),
      close: () => void worker.terminate(),
    };
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url, { name });
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = ({ message }) => onFailure(message || "the page's content security policy forbids it.");
  return {
    post: (message) => worker.postMessage(message),
    unref: () => undefined,
    close() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
