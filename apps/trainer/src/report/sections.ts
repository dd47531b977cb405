import { stringify } from 'yaml';
import type {
  EarlyStoppingSummary,
  MeasuredReportData,
  Mistake,
  Neighbor,
  ReportData,
  VerificationSummary,
} from './data.js';
import { drawPlot } from './draw-plot.js';
import {
  formatCosine,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
} from './format-values.js';
import { type Headline, isResolved, listRates } from './headline.js';
import { type Content, type Html, html } from './html.js';
import { checkImage, fitRows, GALLERY_BUDGET } from './image-budget.js';
import type { Figure } from './plots.js';

/** Maximum numbers of rows and images in the galleries. */
const MOST = { identities: 10, samples: 10, queries: 10, results: 6, mistakes: 8 };

/** Renders a figure: title, key, plot and caption. */
export function figureSection(figure: Figure): Html {
  return html`
<figure id="plot-${figure.plot.id}" data-plot="${figure.plot.id}">
<h3>${figure.title}</h3>
${
  figure.key.length > 0 &&
  html`<ul class="key">${figure.key.map(
    ({ label, color, dashed }) =>
      html`<li><i class="${dashed ? 'dashed' : ''}" style="color:var(${color})" aria-hidden="true"></i>${label}</li>`,
  )}</ul>`
}
${drawPlot(figure.plot)}
<figcaption>${figure.caption}</figcaption>
</figure>`;
}

/** Renders the headline's rates as bars. */
export function comparison(headline: Headline): Html {
  const bar = (name: string, share: number, kind: string) => html`
<div class="bar ${kind}"><span class="name">${name}</span>
<span class="track" aria-hidden="true"><span style="width:${(share * 100).toFixed(2)}%"></span></span>
<b>${formatPercent(share)}</b></div>`;
  if (headline.trained === null) return html``;
  return html`<div class="bars">${bar('Trained', headline.trained, 'trained')}${
    headline.untrained !== undefined && bar('Before training', headline.untrained, 'untrained')
  }</div>`;
}

/** Describes how a training with early stopping ended. */
function describeStopping({ metric, best, bestStep, stopped }: EarlyStoppingSummary): string {
  const ended = stopped ? 'Early stopping ended the training' : 'Early stopping did not end the training';
  return `${ended}: ${metric} on the validation identities is highest at step ${formatCount(bestStep)} (${best.toFixed(4)}). All figures are of that step.`;
}

/** Renders the list of the run's main figures. */
export function facts(data: ReportData): Html {
  const { summary } = data;
  const many = data.subject?.many ?? 'identities';
  const entries: [string, Content][] = [
    ['Training time', formatDuration(summary.seconds)],
    ['Steps', formatCount(summary.steps)],
  ];
  if (summary.earlyStopping) entries.push(['Best step', formatCount(summary.earlyStopping.bestStep)]);
  if (summary.imagesSeen !== undefined) entries.push(['Images seen', formatCount(summary.imagesSeen)]);
  entries.push(['Images/s', formatNumber(summary.imagesPerSecond)], ['Backend', summary.backend]);
  const { precision } = summary;
  const lower = precision !== undefined && precision.matmul !== 'highest';
  if (lower) entries.push(['Matrix precision', precision.matmul]);
  if (precision?.activations === 'bfloat16') entries.push(['Activations', 'bfloat16']);
  if (summary.replicas !== undefined) entries.push(['Replicas', formatCount(summary.replicas)]);
  if (summary.threads !== undefined) entries.push(['Threads of a replica', formatCount(summary.threads)]);
  if (summary.classes !== undefined) entries.push(['Classes', formatCount(summary.classes)]);
  if (summary.parameters !== undefined) entries.push(['Parameters', formatCount(summary.parameters)]);
  if (summary.embeddingSize !== undefined) entries.push(['Embedding', formatCount(summary.embeddingSize)]);
  if (summary.heldOut?.identities !== undefined) {
    entries.push([`Unseen ${many}`, formatCount(summary.heldOut.identities)]);
  }
  return html`<dl class="facts">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>${
    summary.earlyStopping && html`<p class="note">${describeStopping(summary.earlyStopping)}</p>`
  }${
    // The precision of convolutions stands for all products, because they are most of a network.
    lower && html`<p class="note">Matrix products in training: ${precision.did['conv2d']}.</p>`
  }`;
}

/** Renders the table of true positive rates at each false positive rate, and its notes. */
export function rateTable(data: MeasuredReportData): Html {
  const { heldOut, untrained, rank1 } = data.summary;
  const rates = listRates(heldOut);
  const unresolved = rates.some((key) => !isResolved(heldOut, key));
  const hasIntervals = rates.some((key) => heldOut.intervals?.[key]);
  const rows = rates.map((key) => {
    const interval = heldOut.intervals?.[key];
    const threshold = heldOut.thresholds[key];
    const before = untrained?.tprAtFpr[key];
    if (!isResolved(heldOut, key)) {
      return html`<tr><th scope="row">${formatRate(Number(key))}</th><td>– *</td>${untrained && html`<td>–</td>`}<td>–</td></tr>`;
    }
    return html`<tr><th scope="row">${formatRate(Number(key))}</th>
<td><b>${formatPercent(heldOut.tprAtFpr[key] ?? 0)}</b>${
      interval && html`<small>${(interval.low * 100).toFixed(1)}–${(interval.high * 100).toFixed(1)}</small>`
    }</td>${untrained && html`<td>${typeof before === 'number' ? formatPercent(before) : '–'}</td>`}
<td>${typeof threshold === 'number' ? formatCosine(threshold) : 'none'}</td></tr>`;
  });
  return html`<div class="scroll"><table id="tpr-table">
<caption>Share of accepted pairs of the same identity, by the rate of accepted pairs of different identities</caption>
<thead><tr><th scope="col">False accepts</th><th scope="col">Trained</th>${untrained && html`<th scope="col">Before training</th>`}<th scope="col">Threshold</th></tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row">AUROC</th><td><b>${heldOut.auroc.toFixed(4)}</b>${hasIntervals && html`<small>${formatAurocInterval(heldOut)}</small>`}</td>${
    untrained && html`<td>${untrained.auroc.toFixed(4)}</td>`
  }<td></td></tr>${
    rank1 &&
    html`<tr><th scope="row">Rank-1</th><td><b>${formatPercent(rank1.heldOut)}</b>${hasIntervals && html`<small></small>`}</td>${
      untrained && html`<td>${rank1.untrained === undefined ? '–' : formatPercent(rank1.untrained)}</td>`
    }<td></td></tr>`
  }</tfoot></table></div>
<p class="note">${describeProtocol(heldOut)}${!data.summary.leaks?.identities && ' None of these identities was trained on.'} A pair is accepted if its cosine is at least the threshold. Thresholds were determined on these same pairs.${
    hasIntervals &&
    (heldOut.intervalsOver === 'identities'
      ? ' Small figures: 95 % intervals for other identities of the same kind.'
      : ' Small figures: 95 % Wilson intervals. They assume independent pairs; pairs share images, so the true intervals are wider.')
  }${
    rank1 && ' Rank-1: share of the other images whose nearest clean image is of the same identity.'
  }${unresolved && ' * Too few pairs of different identities to measure this rate.'}</p>`;
}

function formatAurocInterval({ aurocInterval }: VerificationSummary): string {
  return aurocInterval ? `${aurocInterval.low.toFixed(4)}–${aurocInterval.high.toFixed(4)}` : '';
}

/** Describes the pairs of a verification in sentences. */
function describeProtocol({ pairs, pairKind, images, identities }: VerificationSummary): string {
  const counts = `${formatCount(pairs.positive)} pairs of the same and ${formatCount(pairs.negative)} pairs of different identities`;
  const of =
    images === undefined
      ? ''
      : `, from ${formatCount(images)} images${identities === undefined ? '' : ` of ${formatCount(identities)} identities`}`;
  const kind = {
    real: 'Real pairs, each of two different images: ',
    augmented:
      'Augmented copies: all images of an identity are made from its first image, which is easier than real pairs. ',
  };
  return `${pairKind ? kind[pairKind] : ''}${counts}${of}.`;
}

/** Renders the figures on augmented copies beside those on real pairs; empty without them. */
export function copiesTable({ summary: { copies } }: ReportData): Html {
  if (!copies) return html``;
  const rates = listRates(copies).filter((key) => isResolved(copies, key));
  return html`<h3>Identities with one image</h3>
<p class="note">${describeProtocol(copies)} These figures are separate from those above.</p>
<p>${rates.map((key) => `${formatPercent(copies.tprAtFpr[key] ?? 0)} at ${formatRate(Number(key))}`).join(', ')}; AUROC ${copies.auroc.toFixed(4)}.</p>`;
}

function image(uri: string, where: string, alt: string): Html {
  return html`<img src="${checkImage(uri, where)}" alt="${alt}" decoding="async">`;
}

function omissionNote(shown: number, all: number): Content {
  return shown < all && html`<p class="note">Showing ${formatCount(shown)} of ${formatCount(all)}.</p>`;
}

/** Renders the images of training identities, one row per identity; null if there are none. */
export function sampleGallery(data: ReportData): Content {
  const candidates = data.samples
    .slice(0, MOST.identities)
    .map((group) => ({ ...group, images: group.images.slice(0, MOST.samples) }));
  const groups = fitRows(candidates, (group) => group.images, GALLERY_BUDGET.samples);
  if (groups.length === 0) return null;
  return html`
<section aria-labelledby="samples"><h2 id="samples">Training identities</h2>
<p>Each row shows one training identity: a clean image, then further or augmented images. Training moves the embeddings of a row together.</p>
${groups.map(
  ({ identity, images }, g) =>
    html`<div class="row"><p class="label">${identity}</p><div class="strip">${images.map((uri, k) =>
      image(uri, `samples[${g}].images[${k}]`, `${identity}, image ${k + 1}`),
    )}</div></div>`,
)}
${omissionNote(groups.length, data.samples.length)}</section>`;
}

/** Renders held-out images with their nearest neighbors; null if there are none. */
export function neighborGallery(data: ReportData): Content {
  const candidates = data.neighbors
    .slice(0, MOST.queries)
    .map((row) => ({ ...row, results: row.results.slice(0, MOST.results) }));
  const rows = fitRows(
    candidates,
    (row) => [row.query, ...row.results.map(({ uri }) => uri)],
    GALLERY_BUDGET.neighbors,
  );
  if (rows.length === 0) return null;
  const neighbor = ({ uri, score, same, label }: Neighbor, where: string) => html`
<li class="${same ? 'right' : 'wrong'}">${image(uri, where, `${label ?? (same ? 'same identity' : 'another identity')}`)}
<span><span class="mark" aria-hidden="true">${same ? '✓' : '✗'}</span><span class="hidden">${same ? 'right' : 'wrong'},</span> ${formatCosine(score)}</span></li>`;
  const firsts = rows.filter((row) => row.results[0]?.same).length;
  return html`
<section aria-labelledby="neighbors"><h2 id="neighbors">Nearest neighbors</h2>
<p>Each row shows a held-out image and its nearest neighbors among the other held-out images, with their cosines. In
${formatCount(firsts)} of these ${formatCount(rows.length)} rows, the first neighbor is of the same identity.</p>
${rows.map(
  (
    row,
    r,
  ) => html`<div class="search"><figure class="query">${image(row.query, `neighbors[${r}].query`, `Query: ${row.label}`)}
<figcaption>${row.label}</figcaption></figure><ol class="results">${row.results.map((result, k) =>
    neighbor(result, `neighbors[${r}].results[${k}]`),
  )}</ol></div>`,
)}
${omissionNote(rows.length, data.neighbors.length)}</section>`;
}

/** Renders the pairs with the worst errors; null if there are none. */
export function mistakeGallery(data: ReportData): Content {
  if (data.mistakes.length === 0) return null;
  const one = data.subject?.one ?? 'identity';
  const group = (kind: Mistake['kind'], title: string) => {
    const all = data.mistakes.filter((mistake) => mistake.kind === kind);
    const shown = fitRows(all.slice(0, MOST.mistakes), ({ a, b }) => [a, b], GALLERY_BUDGET.mistakes / 2);
    return html`<div class="group"><h3>${title}</h3>${
      shown.length === 0
        ? html`<p class="note">None recorded.</p>`
        : html`<ul class="mistakes">${shown.map(
            ({ a, b, score, labelA, labelB }, k) => html`<li>
${image(a, `${kind} ${k}, a`, labelA ?? 'first of the pair')}${image(b, `${kind} ${k}, b`, labelB ?? 'second of the pair')}
<span>${formatCosine(score)}</span></li>`,
          )}</ul>${omissionNote(shown.length, all.length)}`
    }</div>`;
  };
  return html`
<section aria-labelledby="mistakes"><h2 id="mistakes">Worst errors</h2>
<p>The held-out pairs with the worst errors at the threshold for one false accept in 1,000 pairs, with their cosines.</p>
<div class="pairs">${group('false accept', `Accepted, but of a different ${one}`)}${group(
    'false reject',
    `Rejected, but of the same ${one}`,
  )}</div>
</section>`;
}

/** Renders the config and the machine, folded. */
export function configSection(data: ReportData): Html {
  return html`
<section aria-label="Configuration and machine"><details id="config"><summary>Configuration</summary><pre tabindex="0">${stringify(data.config)}</pre></details>
<details id="machine"><summary>Machine</summary><dl class="machine">${Object.entries(data.machine).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value === null ? '–' : String(value)}</dd></div>`,
  )}</dl></details></section>`;
}
