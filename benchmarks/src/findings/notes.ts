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
    text: 'With 800 classes a step takes 240 of them, and what PartialFC leaves out is missed: it costs the softmax a third of its recognition (the table), and the margin loss less than the seeds can tell. It saves next to nothing, for the loss is 3 % of these steps; with the reference’s 390,144 classes it is nearly all of a step, and a sample still has 100,000 of them (`npm run bench -- partial-fc` has those times). The softmax here is normalised, with its scale searched, which is most of what a margin loss is.',
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
    finding: 9,
    writtenFor: { 'batchnorm-after-layernorm: ln-bn > ln': 'confirmed' },
    text: 'A LayerNorm leaves in an embedding what all embeddings have in common; a BatchNorm takes the batch’s mean from every coordinate, so that cosines are of what differs. One of the three trainings with LayerNorm alone has all embeddings in one direction (false accepts of 1 in 1,000 lie above a cosine of 0.9999). The trainings are those of finding 4.',
  },
];
