import type { BackendProbe } from './probe.js';
import { probePackage } from './probe.js';

/** Imports the package, which registers the backend with TensorFlow.js. It runs everywhere. */
export async function probeCpu(): Promise<BackendProbe<unknown>> {
  return probePackage('cpu', '@tensorflow/tfjs-backend-cpu', async () => {
    try {
      const module = await import('@tensorflow/tfjs-backend-cpu');
      return {
        module,
        version: module.version_cpu,
        detail: 'plain JavaScript, one thread; slow, for checking results',
      };
    } catch (cause) {
      return { cause };
    }
  });
}
