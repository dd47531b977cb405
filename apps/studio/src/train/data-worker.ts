/** Worker that draws documents and assembles batches. */
import { serveDataWorker } from '@unitsphere/data';
import { createCanvasFactory } from '../served.js';

serveDataWorker({ canvases: createCanvasFactory() });
