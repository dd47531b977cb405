import type { HostTensor, StateDict } from '@unitsphere/core';
import type { ClipTowerConfig } from './configs.js';

/**
 * Keys of a CLIP model outside its image tower: the text tower of OpenAI, OpenCLIP and transformers, the scale of the logits,
 * numbers in OpenAI's archives, and position ids saved by older versions of transformers.
 */
export const KEYS_OUTSIDE_TOWER =
  /^(transformer\.|token_embedding\.|positional_embedding$|ln_final\.|text\.|text_model\.|text_projection|logit_scale$|logit_bias$|input_resolution$|context_length$|vocab_size$|vision_model\.embeddings\.position_ids$)/;

type Rename = readonly [from: RegExp, to: string];

const OPENAI: readonly Rename[] = [
  [/^visual\.conv1\./, 'patch_embed.proj.'],
  [/^visual\.ln_pre\./, 'norm_pre.'],
  [/^visual\.ln_post\./, 'norm.'],
  [/^visual\.transformer\.resblocks\.(\d+)\.ln_([12])\./, 'blocks.$1.norm$2.'],
  [/^visual\.transformer\.resblocks\.(\d+)\.attn\.in_proj_/, 'blocks.$1.attn.qkv.'],
  [/^visual\.transformer\.resblocks\.(\d+)\.attn\.out_proj\./, 'blocks.$1.attn.proj.'],
  [/^visual\.transformer\.resblocks\.(\d+)\.mlp\.c_fc\./, 'blocks.$1.mlp.fc1.'],
  [/^visual\.transformer\.resblocks\.(\d+)\.mlp\.c_proj\./, 'blocks.$1.mlp.fc2.'],
];

const TRANSFORMERS: readonly Rename[] = [
  [/^vision_model\.embeddings\.patch_embedding\./, 'patch_embed.proj.'],
  // Misspelled in transformers.
  [/^vision_model\.pre_layrnorm\./, 'norm_pre.'],
  [/^vision_model\.post_layernorm\./, 'norm.'],
  [/^visual_projection\./, 'head.'],
  [/^vision_model\.encoder\.layers\.(\d+)\.layer_norm([12])\./, 'blocks.$1.norm$2.'],
  [/^vision_model\.encoder\.layers\.(\d+)\.self_attn\.out_proj\./, 'blocks.$1.attn.proj.'],
  [/^vision_model\.encoder\.layers\.(\d+)\.mlp\./, 'blocks.$1.mlp.'],
];

/**
 * Converts a published CLIP state dict, without its text tower, to the keys and shapes of our towers. Keys of OpenAI and
 * OpenCLIP begin with `visual.`, those of transformers with `vision_model.` and `visual_projection.`; others are unchanged.
 */
export function convertKeys(state: StateDict, kind: ClipTowerConfig['kind']): StateDict {
  const converted: StateDict = new Map();
  for (const [key, tensor] of state) {
    if (kind === 'resnet') converted.set(key.replace(/^visual\./, ''), tensor);
    else converted.set(...convertVitEntry(key, tensor));
  }
  return kind === 'vit' ? joinQkv(converted) : converted;
}

function convertVitEntry(key: string, tensor: HostTensor): [string, HostTensor] {
  switch (key) {
    case 'visual.class_embedding':
    case 'vision_model.embeddings.class_embedding':
      return ['cls_token', tensor.shape.length === 1 ? reshape(tensor, [1, 1, ...tensor.shape]) : tensor];
    case 'visual.positional_embedding':
    case 'vision_model.embeddings.position_embedding.weight':
      return ['pos_embed', tensor.shape.length === 2 ? reshape(tensor, [1, ...tensor.shape]) : tensor];
    case 'visual.proj':
      return ['head.weight', tensor.shape.length === 2 ? transpose(tensor) : tensor];
  }
  for (const [from, to] of [...OPENAI, ...TRANSFORMERS]) {
    if (from.test(key)) return [key.replace(from, to), tensor];
  }
  return [key, tensor];
}

const QUERY = /^vision_model\.encoder\.layers\.(\d+)\.self_attn\.q_proj\.(weight|bias)$/;

/** Joins the separate query, key and value layers of transformers into timm's one layer. */
function joinQkv(state: StateDict): StateDict {
  const joined: StateDict = new Map(state);
  for (const key of state.keys()) {
    const [, layer, part] = QUERY.exec(key) ?? [];
    if (layer === undefined) continue;
    const keys = ['q', 'k', 'v'].map((name) => key.replace('.q_proj.', `.${name}_proj.`));
    const parts = keys.map((name) => state.get(name)).filter((tensor) => tensor !== undefined);
    const [{ dtype, shape }] = parts;
    const isComplete = parts.length === keys.length;
    // Otherwise the keys are unchanged, so that they are reported as unexpected.
    if (!isComplete || !parts.every((p) => p.dtype === dtype && String(p.shape) === String(shape))) continue;
    for (const name of keys) joined.delete(name);
    joined.set(`blocks.${layer}.attn.qkv.${part}`, concatenate(parts));
  }
  return joined;
}

const reshape = (tensor: HostTensor, shape: number[]): HostTensor => ({ ...tensor, shape });

function transpose({ dtype, shape, data }: HostTensor): HostTensor {
  const [rows, columns] = shape as [number, number];
  const out = data.slice() as Float32Array;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c] as number;
  return { dtype, shape: [columns, rows], data: out };
}

function concatenate(parts: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = parts[0];
  const Values = data.constructor as Float32ArrayConstructor;
  const out = new Values(parts.length * data.length);
  parts.forEach((part, i) => {
    out.set(part.data as Float32Array, i * data.length);
  });
  return { dtype, shape: [parts.length * shape[0], ...shape.slice(1)], data: out };
}
