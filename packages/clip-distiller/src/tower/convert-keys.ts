import type { HostTensor, StateDict } from '@unitsphere/core';
import type { ClipTowerConfig } from './configs.js';

/**
 * Keys that belong to a whole CLIP model and not to its image tower: the text tower of OpenAI, OpenCLIP and transformers, the
 * scale of the logits, numbers of OpenAI's archives, and a list of positions that older transformers saved.
 */
export const NOT_OF_THE_TOWER =
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
  // Their spelling.
  [/^vision_model\.pre_layrnorm\./, 'norm_pre.'],
  [/^vision_model\.post_layernorm\./, 'norm.'],
  [/^visual_projection\./, 'head.'],
  [/^vision_model\.encoder\.layers\.(\d+)\.layer_norm([12])\./, 'blocks.$1.norm$2.'],
  [/^vision_model\.encoder\.layers\.(\d+)\.self_attn\.out_proj\./, 'blocks.$1.attn.proj.'],
  [/^vision_model\.encoder\.layers\.(\d+)\.mlp\./, 'blocks.$1.mlp.'],
];

/**
 * A published CLIP state dict, without its text tower, with the keys and shapes of a tower of ours. OpenAI's and OpenCLIP's
 * keys begin with `visual.`, those of transformers with `vision_model.` and `visual_projection.`; other keys stay as they are.
 */
export function convertKeys(state: StateDict, kind: ClipTowerConfig['kind']): StateDict {
  const converted: StateDict = new Map();
  for (const [key, tensor] of state) {
    if (kind === 'resnet') converted.set(key.replace(/^visual\./, ''), tensor);
    else converted.set(...vitEntry(key, tensor));
  }
  return kind === 'vit' ? withJoinedQkv(converted) : converted;
}

function vitEntry(key: string, tensor: HostTensor): [string, HostTensor] {
  switch (key) {
    case 'visual.class_embedding':
    case 'vision_model.embeddings.class_embedding':
      return ['cls_token', tensor.shape.length === 1 ? reshaped(tensor, [1, 1, ...tensor.shape]) : tensor];
    case 'visual.positional_embedding':
    case 'vision_model.embeddings.position_embedding.weight':
      return ['pos_embed', tensor.shape.length === 2 ? reshaped(tensor, [1, ...tensor.shape]) : tensor];
    case 'visual.proj':
      return ['head.weight', tensor.shape.length === 2 ? transposed(tensor) : tensor];
  }
  for (const [from, to] of [...OPENAI, ...TRANSFORMERS]) {
    if (from.test(key)) return [key.replace(from, to), tensor];
  }
  return [key, tensor];
}

const QUERY = /^vision_model\.encoder\.layers\.(\d+)\.self_attn\.q_proj\.(weight|bias)$/;

/** Joins the queries', keys' and values' layers of transformers, which are three, into timm's one. */
function withJoinedQkv(state: StateDict): StateDict {
  const joined: StateDict = new Map(state);
  for (const key of state.keys()) {
    const [, layer, part] = QUERY.exec(key) ?? [];
    if (layer === undefined) continue;
    const keys = ['q', 'k', 'v'].map((name) => key.replace('.q_proj.', `.${name}_proj.`));
    const parts = keys.map((name) => state.get(name));
    const [first] = parts;
    const alike = parts.every(
      (p) => p && p.dtype === first!.dtype && String(p.shape) === String(first!.shape),
    );
    // Left as they are, they are named as keys that do not fit.
    if (!alike) continue;
    for (const name of keys) joined.delete(name);
    joined.set(`blocks.${layer}.attn.qkv.${part}`, concatenated(parts as HostTensor[]));
  }
  return joined;
}

const reshaped = (tensor: HostTensor, shape: number[]): HostTensor => ({ ...tensor, shape });

function transposed({ dtype, shape, data }: HostTensor): HostTensor {
  const [rows, columns] = shape as [number, number];
  const out = data.slice() as Float32Array;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c] as number;
  return { dtype, shape: [columns, rows], data: out };
}

function concatenated(parts: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = parts[0];
  const Values = data.constructor as Float32ArrayConstructor;
  const out = new Values(parts.length * data.length);
  parts.forEach((part, i) => {
    out.set(part.data as Float32Array, i * data.length);
  });
  return { dtype, shape: [parts.length * shape[0], ...shape.slice(1)], data: out };
}
