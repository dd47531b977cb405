import type { ClaimVerdict } from './measure-finding.js';

/** Our interpretation of the result of a finding, written by hand for the figures of one measurement. */
export interface Note {
  finding: number;
  /** Verdicts of the finding's claims that the text was written for. Other verdicts make `bench findings` fail. */
  writtenFor: Record<string, ClaimVerdict>;
  text: string;
}

export const NOTES: readonly Note[] = [
  {
    finding: 1,
    writtenFor: {
      'margins: cosface-partial > softmax-partial': 'unresolved',
      'margins: cosface > softmax': 'unresolved',
      'margins: cosface-partial > cosface': 'unresolved',
      'margins: cosface-partial > softmax': 'unresolved',
    },
    text: "With 800 classes, a step with PartialFC uses 240 of them, and the omitted classes matter. PartialFC costs the softmax a third of its recognition (see the table). Its cost for the margin loss is too small for three seeds to resolve. PartialFC saves almost no time here, because the loss is only 3 % of these steps. With the reference's 390,144 classes, the loss is nearly all of a step, and a sample still has 100,000 classes (see `npm run bench -- partial-fc`). The softmax here is normalized and its scale is searched, which provides most of the benefit of a margin loss.",
  },
  {
    finding: 2,
    writtenFor: {
      'classes-by-images: d400 > d100': 'unresolved',
      'classes-by-images: d1600 > d400': 'contradicted',
      'classes-by-images-longer: d1600 > d400': 'unresolved',
      'classes-by-views: views > upright': 'contradicted',
      'classes-by-views: late > upright': 'unresolved',
    },
    text: 'All arms of a study see the same number of images, so with more classes each class is seen less often. In 38,400 images, each of 400 documents is seen 96 times, each of 1,600 documents 24 times, and each of the 24 views of 200 documents 8 times. In so short a training, this costs more than the additional variety brings. The cause is the short training. In 153,600 images, each of 1,600 documents is also seen 96 times. The 1,600 documents are then 0.01 to 0.08 ahead with each seed instead of 0.37 behind. Three seeds do not resolve this difference. Their curve also still rises when that of 400 documents no longer does. The best number of documents depends on the length of the training, and the reference trained for long. We have not tested more views in a longer training.',
  },
  {
    finding: 3,
    writtenFor: {
      'matmul-precision: high > highest': 'unresolved',
      'matmul-precision: medium > highest': 'unresolved',
    },
    text: 'Seeds of one precision differ by about 0.1, and the means of the precisions by a third of that. Lower precision does no harm that three seeds can resolve, and no training with it diverged. It can therefore be chosen for its speed.',
  },
  {
    finding: 4,
    writtenFor: { 'norms: ln > bn': 'contradicted', 'norms-faces: bn > ln': 'confirmed' },
    text: 'The order is the same on documents and on faces: LayerNorm→BatchNorm, BatchNorm→LayerNorm, BatchNorm, LayerNorm. A LayerNorm alone does not remove the component that all embeddings have in common (see finding 9). The reference started from pretrained weights and trained for longer, and each of its two figures comes from a single training.',
  },
  {
    finding: 5,
    writtenFor: {
      'arcface-cosface: arcface > cosface': 'unresolved',
      'arcface-cosface: cosface-partial > arcface-partial': 'unresolved',
    },
    text: "With a searched margin, both losses end at the same level, with and without PartialFC. The seeds differ more than the losses do. The reference used a margin of 0.4 for both, which is not the same task for both: ArcFace's margin is an angle in radians, CosFace's is a cosine.",
  },
  {
    finding: 6,
    writtenFor: { 'pretrained: pretrained > scratch': 'confirmed' },
    text: "The network is EfficientNet-Lite0 instead of the reference's LCNet, because its published weights were available to us. After 450 steps, the pretrained network has almost finished learning, and the one from scratch has only begun. These figures do not show how much of the difference remains after a long training.",
  },
  {
    finding: 7,
    writtenFor: {
      'necks: flatten ≥ squeeze': 'unresolved',
      'necks: squeeze > gap': 'unresolved',
      'necks: flatten > gap': 'unresolved',
    },
    text: 'Flatten and Squeeze end at the same level with each seed, and Squeeze has 0.45 times the size. GAP is behind both with each seed, by 0.2 to 0.4 at the same embedding width. After the correction for three claims, three seeds just fail to resolve this (p = 0.06), and four would suffice. GAP averages over the feature map and so loses the positions of features, by which documents differ.',
  },
  {
    finding: 8,
    writtenFor: {
      'distillation-onnx@cards: reference > none': 'unresolved',
      'distillation-onnx@cards: kl > none': 'unresolved',
      'distillation-onnx@cards: cosine > none': 'unresolved',
      'distillation-onnx@cards: rkd > none': 'unresolved',
    },
    text: "The teacher is EfficientNet-Lite2 trained on ImageNet instead of CLIP, whose weights were not available to us. The images are 493 of the reference's own cards. The reference's loss hardly changes the network, as its size relative to the margin loss suggests. The cosine loss has the strongest gradient and is worse than no teacher with each seed. The teacher sees each of the 346 training cards once and without augmentation, so its features say little about how to distinguish cards.",
  },
  {
    finding: 9,
    writtenFor: { 'batchnorm-after-layernorm: ln-bn > ln': 'confirmed' },
    text: 'A LayerNorm does not remove the component that all embeddings have in common. A BatchNorm subtracts the mean of the batch from every coordinate, so that cosines compare what differs. In one of the three trainings with LayerNorm alone, all embeddings point in almost the same direction: the threshold for 1 false accept in 1,000 is a cosine above 0.9999. The trainings are those of finding 4.',
  },
];
