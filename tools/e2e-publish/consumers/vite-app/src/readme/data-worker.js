// What the README of @unitsphere/data says of this file.
import { browserCanvasFactory, serveDataWorker } from '@unitsphere/data';

serveDataWorker({ canvases: browserCanvasFactory(({ file }) => `/fonts/${file.replace('files/', '')}`) });
