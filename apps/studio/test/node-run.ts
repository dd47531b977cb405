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

/** The config that the page trains, with settings. */
export async function configOf(settings: readonly string[]): Promise<Config> {
  const yaml = await readFile(new URL('../../../configs/documents.yaml', import.meta.url), 'utf8');
  return parseConfig(yaml, { overrides: settings.map(parseOverride) });
}

/** Trains in Node, as the command line does. */
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
    const records = await readMetrics(run!.file('metrics.jsonl'));
    return {
      losses: records.flatMap(({ loss }) => (loss === undefined ? [] : [loss as number])),
      summary: summary!,
    };
  } finally {
    await run?.close();
    rmSync(base, { recursive: true, force: true });
  }
}

/** The images of the first batches, as Node draws them. */
export async function batchesOf({ data, seed, training }: Config, count: number): Promise<Uint8Array[]> {
  if (data.source !== 'documents') throw new Error('These are not documents.');
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
