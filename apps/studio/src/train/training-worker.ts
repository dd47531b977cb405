/** Worker that trains, so that the page stays responsive. */
import { describeBackends, type UsedBackend } from '@unitsphere/backends';
import {
  type CheckpointFiles,
  parseConfig,
  parseOverride,
  StepRates,
  stringifyConfig,
  trainInBrowser,
} from 'unitsphere/browser';
import { describeFailure } from '../describe-failure.js';
import { createCanvasFactory, WASM_FOLDER } from '../served.js';
import { writeCheckpoint } from '../storage/project-files.js';
import type { FromTraining, StartedBackend, ToTraining } from './messages.js';
import { describePlan } from './plan.js';

/** A training that is killed loses at most the steps of these seconds, and a step or a validation. */
const CHECKPOINT_SECONDS = 30;

const send = (message: FromTraining) => postMessage(message);
const stop = new AbortController();

addEventListener('message', ({ data }: MessageEvent<ToTraining>) => {
  if (data.type === 'stop') stop.abort();
  else void train(data);
});

async function train({
  yaml,
  settings,
  images,
  from,
  store,
}: Extract<ToTraining, { type: 'start' }>): Promise<void> {
  try {
    const config = parseConfig(yaml, { file: 'the config', overrides: settings.map(parseOverride) });
    const complete = stringifyConfig(config);
    send({ type: 'config', config, plan: describePlan(config), yaml: complete });
    const metrics = from ? from.metrics.filter(({ step }) => step <= from.step) : [];
    let best: CheckpointFiles | undefined = from?.best;
    const rates = new StepRates();
    const { step, summary, report } = await trainInBrowser({
      config,
      images,
      canvases: createCanvasFactory(),
      createWorker: () => new Worker(new URL('./data-worker.ts', import.meta.url), { type: 'module' }),
      wasmPaths: WASM_FOLDER,
      from,
      checkpointSeconds: CHECKPOINT_SECONDS,
      signal: stop.signal,
      onBackend: (backend) =>
        void describeBackend(backend, config.backend).then((backend) => send({ type: 'backend', backend })),
      progress: {
        step: (report) => {
          rates.add(report);
          const current = rates.get();
          if (current) send({ type: 'step', report, rates: current });
        },
        note: (line) => send({ type: 'note', line }),
        phase: (text) => send({ type: 'phase', text }),
        done: () => {},
      },
      output: {
        metrics: async (record) => {
          metrics.push(record);
          send({ type: 'metrics', record });
        },
        checkpoint: async (step, files, saved, isBest) => {
          if (isBest) best = files;
          send({ type: 'checkpoint', step, files, saved, isBest: isBest !== undefined });
          if (!store) return;
          try {
            const checkpoint = { step, files, saved, metrics, best };
            await writeCheckpoint(store.project, store.training, checkpoint, complete);
            send({ type: 'stored' });
          } catch (error) {
            // A full disk does not end the training: the page has the checkpoint in memory.
            send({ type: 'stored', failure: describeFailure(error) });
          }
        },
      },
    });
    if (summary && report) send({ type: 'finished', summary, report });
    else send({ type: 'stopped', step });
  } catch (error) {
    send({ type: 'failed', failure: describeFailure(error) });
  }
}

async function describeBackend({ name, reason }: UsedBackend, requested: string): Promise<StartedBackend> {
  const found = (await describeBackends()).find((backend) => backend.name === name);
  const software = found?.adapter?.software === true;
  return {
    name,
    detail: found?.adapter?.name ?? found?.detail ?? '',
    reason,
    slow: (requested === 'auto' && name !== 'webgpu') || software,
  };
}
