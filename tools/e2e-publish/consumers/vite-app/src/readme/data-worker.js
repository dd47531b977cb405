// The file that the README of @unitsphere/data describes.
import { browserCanvasFactory, serveDataWorker } from '@unitsphere/data';

serveDataWorker({ canvases: browserCanvasFactory(({ file }) => `/fonts/${file.replace('files/', '')}`) });
