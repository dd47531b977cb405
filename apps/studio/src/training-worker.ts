/** The training, in a worker, so that the page stays free. */
import { describeBackends, type UsedBackend } from '@unitsphere/backends';
import { parseConfig, parseOverride, StepRates, stringifyConfig, trainInBrowser } from 'unitsphere/browser';
import { failureOf } from './failure.js';
import type { FromTraining, StartedBackend, ToTraining } from './messages.js';
import { canvases, WASM_FOLDER } from './served.js';

const tell = (message: FromTraining) => postMessage(message);
const stop = new AbortController();

addEventListener('message', ({ data }: MessageEvent<ToTraining>) => {
  if (data.type === 'stop') stop.abort();
  else void train(data);
});

async function train({ yaml, settings, from }: Extract<ToTraining, { type: 'start' }>): Promise<void> {
  try {
    const config = parseConfig(yaml, { file: 'the config', overrides: settings.map(parseOverride) });
    tell({ type: 'config', config, yaml: stringifyConfig(config) });
    const rates = new StepRates();
    const { step, summary, report } = await trainInBrowser({
      config,
      canvases: canvases(),
      createWorker: () => new Worker(new URL('./data-worker.ts', import.meta.url), { type: 'module' }),
      wasmPaths: WASM_FOLDER,
      from,
      signal: stop.signal,
      onBackend: (backend) =>
        void describe(backend, config.backend).then((backend) => tell({ type: 'backend', backend })),
      progress: {
        step: (report) => {
          rates.add(report);
          tell({ type: 'step', report, rates: rates.get()! });
        },
        note: (line) => tell({ type: 'note', line }),
        phase: (words) => tell({ type: 'phase', words }),
        done: () => {},
      },
      output: {
        metrics: async (record) => tell({ type: 'metrics', record }),
        checkpoint: async (step, files, saved) => tell({ type: 'checkpoint', step, files, saved }),
      },
    });
    if (summary && report) tell({ type: 'finished', summary, report });
    else tell({ type: 'stopped', step });
  } catch (error) {
    tell({ type: 'failed', failure: failureOf(error) });
  }
}

async function describe({ name, reason }: UsedBackend, asked: string): Promise<StartedBackend> {
  const found = (await describeBackends()).find((backend) => backend.name === name);
  const software = found?.adapter?.software === true;
  return {
    name,
    detail: found?.adapter?.name ?? found?.detail ?? '',
    reason,
    slow: (asked === 'auto' && name !== 'webgpu') || software,
  };
}
