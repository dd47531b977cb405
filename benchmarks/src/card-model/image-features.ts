import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackboneName, listBackbones } from '@unitsphere/backbones';
import { createEmbedder, embedderFiles } from '@unitsphere/embedder';
import { loadPretrained } from '@unitsphere/pretrained';

const FEATURES = /^(\w+)@(\d+)=(.+)$/s;

/** Returns whether a network is given as `BACKBONE@SIDE=WEIGHTS`. */
export function isFeatures(network: string): boolean {
  return FEATURES.test(network);
}

/**
 * Writes a model folder whose embedding is the pooled last map of a backbone with published weights; the caller removes it.
 * @param network `BACKBONE@SIDE=WEIGHTS`; the weights are as of `loadPretrained`.
 */
export async function writeFeatures(network: string): Promise<string> {
  const [, backbone, side, weights] = FEATURES.exec(network) ?? [];
  if (!isBackbone(backbone))
    throw new Error(`There is no backbone "${backbone}". Known: ${listBackbones().join(', ')}.`);
  const embedder = await createEmbedder({ backbone, neck: 'gap', head: 'none', imageSize: Number(side) });
  try {
    if (!embedder.model) throw new Error('The embedder has no model on TensorFlow.js.');
    await loadPretrained(embedder.model.backbone, weights);
    const folder = await mkdtemp(join(tmpdir(), 'features-'));
    for (const [name, content] of Object.entries(await embedderFiles(embedder)))
      await writeFile(join(folder, name), content);
    return folder;
  } finally {
    embedder.dispose();
  }
}

const isBackbone = (name: string): name is BackboneName => (listBackbones() as string[]).includes(name);
