import type { Config } from '../config/config.js';
import { formatBytes } from '../format-bytes.js';
import { type Memory, readMemory } from '../memory.js';
import { estimateMemory } from '../model/estimate-memory.js';
import { UserError } from '../user-error.js';

/** WebAssembly addresses memory by 32 bits. */
const WASM_LIMIT = 2 ** 32;

/**
 * Compares the least memory of a training with the machine's free memory, before anything is allocated.
 * @throws UserError that names both, and the setting that takes most.
 */
export function checkMemory(
  config: Config,
  {
    classes,
    replicas,
    here = replicas,
    backend,
  }: {
    classes: number;
    replicas: number;
    /** Number of replicas on this machine. Default: all. */
    here?: number;
    backend: string;
  },
  memory: Memory = readMemory(),
): void {
  // The others compute in a graphics card's memory.
  if (!['wasm', 'cpu', 'node'].includes(backend)) return;
  const estimate = estimateMemory(config, classes, replicas);
  const { model, activations } = estimate;
  const perReplica =
    model + activations + (config.loss.partialFc.store === 'memory' ? estimate.centers / replicas : 0);
  // Each replica holds its part of the centers.
  const centers = (estimate.centers * here) / replicas;
  const total = here * (model + activations) + centers;
  const isOverWasm = backend === 'wasm' && perReplica > WASM_LIMIT;
  if (!isOverWasm && total <= memory.available) return;
  const parts = [
    { bytes: here * model, what: 'the model and its optimizer', hint: lowerModel(config) },
    {
      bytes: here * activations,
      what: `the feature maps of ${Math.ceil(config.training.batchSize / config.training.accumulate)} images`,
      hint: '--set training.accumulate=…, --set training.batchSize=… or --set data.imageSize=…',
    },
    {
      bytes: centers,
      what: `${classes.toLocaleString('en')} class centers`,
      hint: '--set loss.partialFc.store=file',
    },
  ].sort((a, b) => b.bytes - a.bytes);
  const listed = parts
    .filter(({ bytes }) => bytes >= 0.05 * total)
    .map(({ bytes, what }) => `${formatBytes(bytes)} for ${what}`);
  const limit = isOverWasm
    ? `WebAssembly has ${formatBytes(WASM_LIMIT)} for each of ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`
    : `${formatBytes(memory.available)} of ${formatBytes(memory.total)} are free`;
  throw new UserError(
    `the training takes at least ${formatBytes(total)} of memory (${listed.join(', ')}), but ${limit}`,
    { hint: `Lower what takes most: ${parts[0].hint}` },
  );
}

const lowerModel = ({ model, training }: Config) =>
  `--set model.embeddingSize=… (now ${model.embeddingSize}), a smaller --set model.backbone=…${
    training.replicas === 1 ? '' : ', or --set training.replicas=1'
  }`;
