import type { ClaimVerdict } from './measure-finding.js';

/** Why we think that a finding came out here as it did, written by hand beside the figures of one measurement. */
export interface Note {
  finding: number;
  /** The verdict of each of the finding's claims that it was written for: beside others it is refused. */
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
    text: 'With 800 classes a step takes 240 of them, and what PartialFC leaves out is missed: it costs the softmax a third of its recognition (the table), and the margin loss less than the seeds can tell. It saves next to nothing, for the loss is 3 % of these steps; with the reference’s 390,144 classes it is nearly all of a step, and a sample still has 100,000 of them (`npm run bench -- partial-fc` has those times). The softmax here is normalized, with its scale searched, which is most of what a margin loss is.',
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
    text: 'The arms of a study see as many images each, so that with more classes each is met less often: in 38,400 images 400 documents are met 96 times, 1,600 24 times, the 24 views of 200 documents 8 times. In so short a training that costs more than the variety brings, and it is the shortness: in 153,600 images, where 1,600 documents are met 96 times too, they are not 0.37 behind but 0.01 to 0.08 ahead with each seed, which three seeds do not resolve, and still gain when 400 no longer do (the curves). How many documents pay is a matter of how long one trains, and the reference trained long. Of more views this is still to be asked.',
  },
  {
    finding: 3,
    writtenFor: {
      'matmul-precision: high > highest': 'unresolved',
      'matmul-precision: medium > highest': 'unresolved',
    },
    text: 'Seeds of one precision differ by a tenth, the precisions by a third of that. Lower precision does no harm that three seeds can tell, and no training with it diverged: it may be chosen for its speed.',
  },
  {
    finding: 4,
    writtenFor: { 'norms: ln > bn': 'contradicted', 'norms-faces: bn > ln': 'confirmed' },
    text: 'On documents and on faces the order is one: LayerNorm→BatchNorm, BatchNorm→LayerNorm, BatchNorm, LayerNorm. A LayerNorm by itself leaves what all embeddings have in common (finding 9). The reference trained from pretrained weights and for longer, and its two figures are one training each.',
  },
  {
    finding: 5,
    writtenFor: {
      'arcface-cosface: arcface > cosface': 'unresolved',
      'arcface-cosface: cosface-partial > arcface-partial': 'unresolved',
    },
    text: 'With its margin searched each loss ends where the other does, with PartialFC and without, and the seeds differ more than the losses do. The reference gave both one margin, 0.4, which is not the same task for both: radians of an angle for ArcFace, a cosine for CosFace.',
  },
  {
    finding: 6,
    writtenFor: { 'pretrained: pretrained > scratch': 'confirmed' },
    text: 'The network is EfficientNet-Lite0, whose published weights were at hand, not the reference’s LCNet. After 450 steps it is nearly done where one from scratch has begun; how much is left after a long training these figures do not say.',
  },
  {
    finding: 7,
    writtenFor: {
      'necks: flatten ≥ squeeze': 'unresolved',
      'necks: squeeze > gap': 'unresolved',
      'necks: flatten > gap': 'unresolved',
    },
    text: 'Flatten and Squeeze end alike with each seed, Squeeze at 0.45 of the size; GAP is behind both with each seed, by 0.2 to 0.4 at the same width, which three seeds miss by a little after the correction for three claims (p = 0.06) and four would resolve. A mean over the map forgets where things stand, and documents are told apart by that.',
  },
  {
    finding: 8,
    writtenFor: {
      'distillation-onnx@cards: reference > none': 'unresolved',
      'distillation-onnx@cards: kl > none': 'unresolved',
      'distillation-onnx@cards: cosine > none': 'unresolved',
      'distillation-onnx@cards: rkd > none': 'unresolved',
    },
    text: 'The teacher is EfficientNet-Lite2 trained on ImageNet, in the place of CLIP, whose weights were not at hand; the images are the reference’s own cards, 493 of them. The reference’s loss leaves the network nearly as it would be, as its size beside the margin loss says. Cosine, which pulls the hardest, is below no teacher with each seed: 346 cards that the teacher sees once, as they are, say little of how it tells cards apart.',
  },
  {
    finding: 9,
    writtenFor: { 'batchnorm-after-layernorm: ln-bn > ln': 'confirmed' },
    text: 'A LayerNorm leaves in an embedding what all embeddings have in common; a BatchNorm takes the batch’s mean from every coordinate, so that cosines are of what differs. One of the three trainings with LayerNorm alone has all embeddings in one direction (false accepts of 1 in 1,000 lie above a cosine of 0.9999). The trainings are those of finding 4.',
  },
];
