import { describeWorkerFailure } from '../../describe-worker-failure.js';
import type { Failure } from '../../failure.js';
import type { ExportCheck, ExportRequest, FromExport } from './messages.js';

/** An exported model. */
export interface ExportedModel {
  archive: Uint8Array<ArrayBuffer>;
  check?: ExportCheck;
}

/** An export that did not finish. */
export class ExportFailure extends Error {
  override name = 'ExportFailure';
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/**
 * Exports a model in a worker of its own.
 * @param onPhase Receives each phase of the work.
 * @throws ExportFailure with a description for the visitor.
 */
export async function runExport(
  request: ExportRequest,
  onPhase: (text: string) => void,
): Promise<ExportedModel> {
  const worker = new Worker(new URL('./export-worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromExport>) => {
        if (data.type === 'phase') onPhase(data.text);
        else if (data.type === 'exported') resolve(data);
        else reject(new ExportFailure(data.failure));
      };
      worker.onerror = (event) => reject(new ExportFailure(describeWorkerFailure(event)));
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}
