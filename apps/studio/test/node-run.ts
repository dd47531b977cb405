import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchLoader, openSource, splitIdentities } from '@unitsphere/data';
import {
  type Config,
  parseConfig,
  parseOverride,
  RunDirectory,
  readMetrics,
  runTraining,
  type TrainingSummary,
} from 'unitsphere';

/** Loads the config that the page trains, with some settings. */
export async function loadDocumentsConfig(settings: readonly string[]): Promise<Config> {
  const yaml = await readFile(new URL('../../../configs/documents.yaml', import.meta.url), 'utf8');
  return parseConfig(yaml, { overrides: settings.map(parseOverride) });
}

/** Trains in Node, like the command line. */
export async function trainInNode(config: Config): Promise<{ losses: number[]; summary: TrainingSummary }> {
  const base = mkdtempSync(join(tmpdir(), 'unitsphere-studio-'));
  let run: RunDirectory | undefined;
  const openRun = async () => {
    run = await RunDirectory.create(base, 'run');
    return run;
  };
  const progress = { step() {}, note() {}, phase() {}, done() {} };
  try {
    const { summary } = await runTraining({ config, resume: false, progress, openRun });
    if (!run || !summary) throw new Error('The training has no run or no summary.');
    const records = await readMetrics(run.file('metrics.jsonl'));
    return {
      losses: records.flatMap(({ loss }) => (loss === undefined ? [] : [loss as number])),
      summary,
    };
  } finally {
    await run?.close();
    rmSync(base, { recursive: true, force: true });
  }
}

/** Draws the images of the first batches in Node. */
export async function drawBatches({ data, seed, training }: Config, count: number): Promise<Uint8Array[]> {
  if (data.source !== 'documents') throw new Error(`Expected generated documents, got ${data.source}.`);
  const source = { kind: 'documents', identities: data.identities, seed, size: data.imageSize } as const;
  const names = (await openSource(source)).identities.map(({ name }) => name);
  const loader = await BatchLoader.create({
    source,
    identities: splitIdentities(names, { ...data.split, seed }).train,
    size: data.imageSize,
    batchSize: training.batchSize,
    seed,
    augment: data.augment,
  });
  const batches: Uint8Array[] = [];
  for (let step = 0; step < count; step++) batches.push((await loader.next()).images);
  await loader.close();
  return batches;
}
