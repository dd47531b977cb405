import type { BackboneEntry } from './backbone.js';
import { VisionTransformer, type VisionTransformerPlan } from './vision-transformer.js';

const INPUT_SIZE = 224;

const vit = (plan: VisionTransformerPlan): BackboneEntry => ({
  inputSize: INPUT_SIZE,
  make: (options) => new VisionTransformer(plan, { inputSize: INPUT_SIZE, ...options }),
});

/** Vision transformers by timm's names. */
export const vits = {
  vit_tiny_patch16_224: vit({ channels: 192, heads: 3, depth: 12, patchSize: 16 }),
  vit_small_patch16_224: vit({ channels: 384, heads: 6, depth: 12, patchSize: 16 }),
};
