/** One thing that a finding of the reference system says of two arms of a study. */
export interface Claim {
  study: string;
  arm: string;
  than: string;
  /** How the arm is said to do beside the other, on the study's metric. */
  says: 'better' | 'no worse';
}

/** A figure of one arm over another's, for what a finding says beside recognition. */
export interface Ratio {
  study: string;
  arm: string;
  than: string;
  of: 'modelBytes' | 'imagesPerSecond';
}

/** A finding of the reference system, and how it is tested here. */
export interface Finding {
  number: number;
  title: string;
  /** What the reference system's authors say, with their figures where they give some. */
  said: string;
  claims: readonly Claim[];
  ratios?: readonly Ratio[];
}

const better = (study: string, arm: string, than: string): Claim => ({ study, arm, than, says: 'better' });

/** The nine findings of DocClassifier's authors, in their order. */
export const FINDINGS: readonly Finding[] = [
  {
    number: 1,
    title: 'A margin loss with PartialFC beats one without',
    said: 'It is faster, more stable and more accurate. TPR@1e-4 0.663 with softmax, 0.784 with CosFace, both under PartialFC; none is given without.',
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
    said: 'TPR@1e-4 0.615, 0.666 and 0.754 with 16,256, 130,048 and 390,144 classes, 24 of which are views of one image.',
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
    said: "PyTorch's matmul precision `medium` recognizes better than `highest`; no figure is given.",
    claims: [better('matmul-precision', 'high', 'highest'), better('matmul-precision', 'medium', 'highest')],
  },
  {
    number: 4,
    title: 'LayerNorm beats BatchNorm on images of text, BatchNorm beats LayerNorm on faces',
    said: 'TPR@1e-4 0.784 with LayerNorm and 0.721 with BatchNorm on documents; no figure is given of faces.',
    claims: [better('norms', 'ln', 'bn'), better('norms-faces', 'bn', 'ln')],
  },
  {
    number: 5,
    title: 'ArcFace beats CosFace alone, CosFace beats ArcFace under PartialFC',
    said: 'TPR@1e-4 0.754 with ArcFace and 0.784 with CosFace under PartialFC; no figure is given without it.',
    claims: [
      better('arcface-cosface', 'arcface', 'cosface'),
      better('arcface-cosface', 'cosface-partial', 'arcface-partial'),
    ],
  },
  {
    number: 6,
    title: 'Pretraining is essential',
    said: "TPR@1e-4 0.784 with ImageNet's weights, 0.141 from scratch.",
    claims: [better('pretrained', 'pretrained', 'scratch')],
  },
  {
    number: 7,
    title: 'Flatten is at least as good as Squeeze at half the size, and both beat GAP',
    said: 'TPR@1e-4 0.784, 0.772 and 0.480, in 5.54, 2.46 and 2.67 MB; the size of GAP is that of another embedding width.',
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
    said: 'TPR@1e-4 0.813 without and 0.859 with it, by a loss of 0.002 to 0.004 beside a margin loss of about 10.',
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
    said: 'TPR@1e-4 0.859 with LayerNorm alone, 0.912 with BatchNorm behind it, both with CLIP distillation.',
    claims: [better('batchnorm-after-layernorm', 'ln-bn', 'ln')],
  },
];
