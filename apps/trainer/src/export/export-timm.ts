import type { Embedder, ModelCard } from '@unitsphere/embedder';
import { timmWeights } from '@unitsphere/pretrained';
import { UserError } from '../user-error.js';
import { writeCard } from './write-card.js';

/** Families whose names and weights are insightface's. */
const NOT_IN_TIMM = /^(iresnet|mobilefacenet)/;

/**
 * Returns the backbone's weights for timm, and a card that tells how to load them.
 * @throws UserError if timm does not have the backbone.
 */
export async function exportTimm(embedder: Embedder, card: ModelCard): Promise<Map<string, Uint8Array>> {
  const { backbone, outIndex } = embedder.config;
  if (NOT_IN_TIMM.test(backbone)) {
    throw new UserError(`timm has no ${backbone}; its weights have insightface's names`, {
      hint: 'Export the whole model: --to onnx or --to folder',
    });
  }
  if (!embedder.model) throw new Error('The embedder has no network on TensorFlow.js.');
  const text = (value: string) => new TextEncoder().encode(value);
  const {
    imageSize,
    mean,
    std,
    cropMode = 'center',
    cropFraction = 1,
    interpolation = 'bilinear',
  } = embedder.preprocessing;
  const isSized = backbone.startsWith('vit');
  const options = [
    'features_only=True',
    ...(outIndex === undefined ? [] : [`out_indices=(${outIndex},)`]),
    ...(isSized ? [`img_size=${imageSize}`] : []),
  ];
  const config = {
    architecture: backbone,
    pretrained_cfg: {
      input_size: [3, imageSize, imageSize],
      mean,
      std,
      crop_mode: cropMode,
      crop_pct: cropFraction,
      interpolation,
      num_classes: 0,
    },
  };
  const load = [
    'In Python, with `pip install timm safetensors`:',
    '',
    '```python',
    'import timm',
    'from safetensors.torch import load_file',
    '',
    `model = timm.create_model('${backbone}', ${options.join(', ')})`,
    // timm's features of a vision transformer are a module around it.
    `${isSized ? 'model.model' : 'model'}.load_state_dict(load_file('model.safetensors'), strict=True)`,
    '```',
    '',
    'The weights are those of the backbone. Neck and head are not part of timm; export them with `--to onnx` or `--to folder`.',
  ];
  return new Map([
    ['model.safetensors', await timmWeights(embedder.model.backbone)],
    ['config.json', text(`${JSON.stringify(config, null, 2)}\n`)],
    ['README.md', writeCard(embedder, { ...card, usage: load.join('\n') })],
  ]);
}
