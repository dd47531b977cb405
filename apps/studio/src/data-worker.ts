/** A worker that draws documents and makes batches of them. */
import { serveDataWorker } from '@unitsphere/data';
import { canvases } from './served.js';

serveDataWorker({ canvases: canvases() });
