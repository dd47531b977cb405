import { basename } from 'node:path';
import type { ModelCard } from '@unitsphere/embedder';
import type { Config } from '../config/config.js';
import { NOT_MEASURED } from '../report/headline.js';
import type { PairFileSummary, VerificationSummary } from '../report/index.js';
import type { TrainingSummary } from '../train/types.js';

/** What a model card is written from. */
export interface CardSources {
  config: Config;
  /** Name of the run. */
  run: string;
  /** Step of the checkpoint. */
  step: number;
  /** Results of a finished run; undefined for an unfinished one. */
  summary: TrainingSummary | undefined;
  license?: string;
}

/** Writes the sections of a model card from a run: data, training, evaluation and limits. */
export function describeRun({ config, run, step, summary, license }: CardSources): ModelCard {
  return {
    title: basename(run),
    ...(license !== undefined && { license }),
    sections: [
      { title: 'Data', text: describeData(config, summary) },
      { title: 'Training', text: describeTraining(config, step, summary) },
      { title: 'Evaluation', text: summary ? describeEvaluation(summary, step) : NOT_EVALUATED },
      { title: 'Limits', text: summary ? LIMITS : UNKNOWN_LIMITS },
    ],
  };
}

const NOT_EVALUATED =
  'The run was exported before its end, so it has no figures on held-out identities. `unitsphere evaluate RUN` measures them.';

const UNKNOWN_LIMITS =
  'Nothing is known about the quality of the model. Evaluate it on images like those of the application before it is used.';

const LIMITS = [
  'The figures hold for images like those of the evaluation. They say nothing about other kinds of images.',
  'A threshold above is for one comparison of two images. A search among many enrolled images needs a higher one, which',
  '`@unitsphere/recognition` calibrates for the gallery.',
].join('\n');

const count = (n: number, what: string) => `${n.toLocaleString('en')} ${what}`;

function describeData({ data, seed }: Config, summary: TrainingSummary | undefined): string {
  const source =
    data.source === 'folder' || 'path' in data
      ? 'Photographs or other images of the person who trained the model, one identity per file or folder.'
      : `Images of the generator \`${data.source}\`, drawn from seed ${seed}.`;
  if (!summary) return source;
  const { train, validation, test } = summary.splits;
  return `${source}

| part | identities |
|---|---|
| training | ${train.toLocaleString('en')} |
| validation, which chose the checkpoint | ${validation.toLocaleString('en')} |
| test, which was used for the figures only | ${test.toLocaleString('en')} |`;
}

function describeTraining(config: Config, step: number, summary: TrainingSummary | undefined): string {
  const { model, loss, training, data } = config;
  const start = model.pretrained ? `pretrained weights (${nameOf(model.pretrained)})` : 'initial weights';
  return [
    `${count(step, 'steps')} of ${training.batchSize} images from ${start}, with the loss ${nameLoss(loss)}`,
    data.views > 1 ? ` over ${data.views} views an identity` : '',
    summary ? `, on ${summary.backend}` : '',
    '.',
  ].join('');
}

function nameLoss({ name, pairs }: Config['loss']): string {
  if (!pairs) return name;
  return name === 'none' ? pairs.name : `${name} and ${pairs.weight} × ${pairs.name}`;
}

/** A path of the machine does not belong in a card. */
function nameOf(source: string): string {
  return /^(https?:|hf[-_]hub:)/.test(source) || /^[\w.-]+\/[\w.-]+$/.test(source)
    ? source
    : basename(source);
}

function describeEvaluation(summary: TrainingSummary, step: number): string {
  const { heldOut, untrained, rank1, pairFiles, earlyStopping } = summary;
  const measured = earlyStopping?.bestStep ?? summary.steps;
  const exported =
    step === measured
      ? ''
      : `\n\nThe figures are of step ${measured.toLocaleString('en')}; this model is of step ${step.toLocaleString('en')}, the best on the validation identities.`;
  const sets = pairFiles ? `\n\n${describeSets(pairFiles)}` : '';
  if (!heldOut) return `${NOT_MEASURED}${exported}${sets}`;
  return `${describeProtocol(heldOut)}${exported}

| | trained | before training | 95 % interval | threshold |
|---|---|---|---|---|
${rateRows(heldOut, untrained).join('\n')}
| AUROC | ${heldOut.auroc.toFixed(4)} | ${untrained ? untrained.auroc.toFixed(4) : ''} | ${interval(heldOut.aurocInterval, 4)} | |${
    rank1 ? `\n| rank-1 | ${rank1.heldOut.toFixed(3)} | ${rank1.untrained?.toFixed(3) ?? ''} | | |` : ''
  }

${INTERVALS[heldOut.intervalsOver ?? 'pairs']}${sets}`;
}

/** Renders the figures on verification sets in insightface's protocol. */
function describeSets(sets: Record<string, PairFileSummary>): string {
  const rows = Object.entries(sets).map(
    ([name, { accuracy, accuracyStd, val, far, pairs }]) =>
      `| ${name} | ${accuracy.toFixed(4)} ± ${accuracyStd.toFixed(4)} | ${val.toFixed(4)} | ${far.toExponential(1)} | ${count(pairs.positive + pairs.negative, 'pairs')} |`,
  );
  return `Verification sets, means over 10 folds (insightface's protocol):

| set | accuracy | VAL at FAR 1e-3 | its FAR | |
|---|---|---|---|---|
${rows.join('\n')}`;
}

const INTERVALS = {
  identities: 'The intervals hold for other identities of the same kind (bootstrap over identities).',
  pairs: 'The intervals take pairs as independent, so the true intervals are wider.',
} as const;

function describeProtocol({ pairKind, identities, images, pairs }: VerificationSummary): string {
  const kind = pairKind === 'real' ? 'real images' : 'augmented copies of one image each';
  const amount = [
    ...(identities === undefined ? [] : [count(identities, 'identities')]),
    ...(images === undefined ? [] : [count(images, 'images')]),
    `${count(pairs.positive, 'pairs')} of the same identity and ${count(pairs.negative, 'pairs')} of different ones`,
  ];
  return `Verification on held-out identities, ${kind}: ${amount.join(', ')}.`;
}

function rateRows(heldOut: VerificationSummary, untrained: VerificationSummary | null | undefined): string[] {
  return Object.keys(heldOut.tprAtFpr)
    .filter((key) => heldOut.resolved?.[key] !== false)
    .sort((a, b) => Number(b) - Number(a))
    .map((key) => {
      const cells = [
        heldOut.tprAtFpr[key]?.toFixed(3) ?? '',
        untrained?.tprAtFpr[key]?.toFixed(3) ?? '',
        interval(heldOut.intervals?.[key], 3),
        heldOut.thresholds[key]?.toFixed(4) ?? '',
      ];
      return `| TPR at FPR ${key} | ${cells.join(' | ')} |`;
    });
}

function interval(range: { low: number; high: number } | undefined, digits: number): string {
  return range ? `${range.low.toFixed(digits)}–${range.high.toFixed(digits)}` : '';
}
