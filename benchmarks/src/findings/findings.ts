/** A claim of a finding about two arms of a study. */
export interface Claim {
  study: string;
  arm: string;
  /** The arm that `arm` is compared with. */
  than: string;
  /** The claimed result of `arm` on the metric of the study. */
  says: 'better' | 'no worse';
}

/** A ratio between two arms, for the parts of a finding that are not about recognition. */
export interface Ratio {
  study: string;
  arm: string;
  than: string;
  /** The figure that is compared. */
  of: 'modelBytes' | 'imagesPerSecond';
}

/** A finding of the reference system, and the claims that test it. */
export interface Finding {
  number: number;
  title: string;
  /** The statement of the reference system's authors, with their figures if they give any. */
  said: string;
  claims: readonly Claim[];
  ratios?: readonly Ratio[];
}

const better = (study: string, arm: string, than: string): Claim => ({ study, arm, than, says: 'better' });

/** The nine findings of the authors of DocClassifier, in their order. */
export const FINDINGS: readonly Finding[] = [
  {
    number: 1,
    title: 'A margin loss with PartialFC beats one without',
    said: 'A margin loss is faster, more stable and more accurate. TPR@1e-4 is 0.663 with softmax and 0.784 with CosFace, both with PartialFC. No figure is given without PartialFC.',
    claims: [
      better('margins', 'cosface-partial', 'softmax-partial'),
      better('margins', 'cosface', 'softmax'),
      better('margins', 'cosface-partial', 'cosface'),
      better('margins', 'cosface-partial', 'softmax'),
    ],
    ratios: [{ study: 'margins', arm: 'cosface-partial', than: 'cosface', of: 'imagesPerSecond' }],
  },
  {
    number: 2,
    title: 'More classes help',
    said: 'TPR@1e-4 is 0.615, 0.666 and 0.754 with 16,256, 130,048 and 390,144 classes. Each image has 24 views, which are separate classes.',
    claims: [
      better('classes-by-images', 'd400', 'd100'),
      better('classes-by-images', 'd1600', 'd400'),
      better('classes-by-images-longer', 'd1600', 'd400'),
      better('classes-by-views', 'views', 'upright'),
      better('classes-by-views', 'late', 'upright'),
    ],
  },
  {
    number: 3,
    title: 'Low-precision training generalizes better',
    said: "Recognition is better with PyTorch's matmul precision `medium` than with `highest`. No figure is given.",
    claims: [better('matmul-precision', 'high', 'highest'), better('matmul-precision', 'medium', 'highest')],
  },
  {
    number: 4,
    title: 'LayerNorm beats BatchNorm on images of text, BatchNorm beats LayerNorm on faces',
    said: 'TPR@1e-4 on documents is 0.784 with LayerNorm and 0.721 with BatchNorm. No figure is given for faces.',
    claims: [better('norms', 'ln', 'bn'), better('norms-faces', 'bn', 'ln')],
  },
  {
    number: 5,
    title: 'ArcFace beats CosFace alone, CosFace beats ArcFace under PartialFC',
    said: 'TPR@1e-4 with PartialFC is 0.754 with ArcFace and 0.784 with CosFace. No figure is given without PartialFC.',
    claims: [
      better('arcface-cosface', 'arcface', 'cosface'),
      better('arcface-cosface', 'cosface-partial', 'arcface-partial'),
    ],
  },
  {
    number: 6,
    title: 'Pretraining is essential',
    said: "TPR@1e-4 is 0.784 with ImageNet's weights and 0.141 from scratch.",
    claims: [better('pretrained', 'pretrained', 'scratch')],
  },
  {
    number: 7,
    title: 'Flatten is at least as good as Squeeze at half the size, and both beat GAP',
    said: 'TPR@1e-4 is 0.784 with Flatten, 0.772 with Squeeze and 0.480 with GAP. The sizes are 5.54, 2.46 and 2.67 MB, that of GAP with another embedding width.',
    claims: [
      { study: 'necks', arm: 'flatten', than: 'squeeze', says: 'no worse' },
      better('necks', 'squeeze', 'gap'),
      better('necks', 'flatten', 'gap'),
    ],
    ratios: [{ study: 'necks', arm: 'squeeze', than: 'flatten', of: 'modelBytes' }],
  },
  {
    number: 8,
    title: 'CLIP distillation helps',
    said: 'TPR@1e-4 is 0.813 without distillation and 0.859 with it. The distillation loss is 0.002 to 0.004, the margin loss about 10.',
    claims: [
      better('distillation-onnx', 'reference', 'none'),
      better('distillation-onnx', 'kl', 'none'),
      better('distillation-onnx', 'cosine', 'none'),
      better('distillation-onnx', 'rkd', 'none'),
    ],
  },
  {
    number: 9,
    title: 'BatchNorm after LayerNorm helps most',
    said: 'TPR@1e-4 is 0.859 with LayerNorm alone and 0.912 with BatchNorm after it, both with CLIP distillation.',
    claims: [better('batchnorm-after-layernorm', 'ln-bn', 'ln')],
  },
];
