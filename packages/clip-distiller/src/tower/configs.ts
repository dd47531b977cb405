/** Architecture of a CLIP vision transformer. */
export interface ClipVisionTransformerConfig {
  kind: 'vit';
  /** Height and width of the images, a multiple of patchSize. */
  imageSize: number;
  patchSize: number;
  /** Number of values of a token. */
  width: number;
  /** Number of blocks. */
  depth: number;
  heads: number;
  /** Number of values of an embedding. */
  embedDim: number;
  /** `quick_gelu` for OpenAI's weights and some of OpenCLIP's, `gelu` for most of OpenCLIP's. */
  activation: 'gelu' | 'quick_gelu';
}

/** Architecture of a CLIP ResNet. */
export interface ClipResNetConfig {
  kind: 'resnet';
  /** Height and width of the images, a multiple of 32. */
  imageSize: number;
  /** Number of channels after the stem; even. */
  width: number;
  /** Number of blocks of each stage. */
  depths: readonly [number, number, number, number];
  /** Number of heads of the attention pooling. */
  heads: number;
  /** Number of values of an embedding. */
  embedDim: number;
}

/** Architecture of a CLIP image tower. */
export type ClipTowerConfig = ClipVisionTransformerConfig | ClipResNetConfig;

const vit = (
  patchSize: number,
  width: number,
  depth: number,
  embedDim: number,
  activation: 'gelu' | 'quick_gelu',
  imageSize = 224,
): ClipVisionTransformerConfig => ({
  kind: 'vit',
  imageSize,
  patchSize,
  width,
  depth,
  heads: width / 64,
  embedDim,
  activation,
});

/** CLIP image towers by OpenCLIP's names. OpenAI's weights require `-quickgelu`. */
export const clipTowerConfigs = {
  'ViT-B-32': vit(32, 768, 12, 512, 'gelu'),
  'ViT-B-32-quickgelu': vit(32, 768, 12, 512, 'quick_gelu'),
  'ViT-B-16': vit(16, 768, 12, 512, 'gelu'),
  'ViT-B-16-quickgelu': vit(16, 768, 12, 512, 'quick_gelu'),
  'ViT-L-14': vit(14, 1024, 24, 768, 'gelu'),
  'ViT-L-14-quickgelu': vit(14, 1024, 24, 768, 'quick_gelu'),
  'ViT-L-14-336': vit(14, 1024, 24, 768, 'gelu', 336),
  'ViT-L-14-336-quickgelu': vit(14, 1024, 24, 768, 'quick_gelu', 336),
  // The image tower always uses ReLU: the two names differ only in the text tower.
  RN50: { kind: 'resnet', imageSize: 224, width: 64, depths: [3, 4, 6, 3], heads: 32, embedDim: 1024 },
  'RN50-quickgelu': {
    kind: 'resnet',
    imageSize: 224,
    width: 64,
    depths: [3, 4, 6, 3],
    heads: 32,
    embedDim: 1024,
  },
} as const satisfies Record<string, ClipTowerConfig>;

/** Name of a CLIP image tower in OpenCLIP. */
export type ClipTowerName = keyof typeof clipTowerConfigs;
