import { stringify } from 'yaml';
import type { Mistake, Neighbor, ReportData } from './data.js';
import { drawPlot } from './draw-plot.js';
import {
  formatCosine,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
} from './format.js';
import { type Headline, isResolved, ratesOf } from './headline.js';
import { type Content, type Html, html } from './html.js';
import { checkImage, fitRows, GALLERY_BUDGET } from './image-budget.js';
import type { Figure } from './plots.js';

/** At most this many rows of each gallery: more is no longer looked at. */
const MOST = { identities: 10, samples: 10, queries: 10, results: 6, mistakes: 8 };

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

/** The headline's two shares as bars. */
export function comparison(headline: Headline): Html {
  const bar = (name: string, share: number, kind: string) => html`
<div class="bar ${kind}"><span class="name">${name}</span>
<span class="track" aria-hidden="true"><span style="width:${(share * 100).toFixed(2)}%"></span></span>
<b>${formatPercent(share)}</b></div>`;
  return html`<div class="bars">${bar('Trained', headline.trained, 'trained')}${
    headline.untrained !== undefined && bar('Untrained', headline.untrained, 'untrained')
  }</div>`;
}

export function facts(data: ReportData): Html {
  const { summary } = data;
  const many = data.subject?.many ?? 'identities';
  const entries: [string, Content][] = [
    ['Training time', formatDuration(summary.seconds)],
    ['Steps', formatCount(summary.steps)],
  ];
  if (summary.imagesSeen !== undefined) entries.push(['Images seen', formatCount(summary.imagesSeen)]);
  entries.push(['Images a second', formatNumber(summary.imagesPerSecond)], ['Backend', summary.backend]);
  const { precision } = summary;
  const lower = precision !== undefined && precision.matmul !== 'highest';
  if (lower) entries.push(['Matrix precision', precision.matmul]);
  if (precision?.activations === 'bfloat16') entries.push(['Activations', 'bfloat16']);
  if (summary.replicas !== undefined) entries.push(['Replicas', formatCount(summary.replicas)]);
  if (summary.classes !== undefined) entries.push(['Classes', formatCount(summary.classes)]);
  if (summary.parameters !== undefined) entries.push(['Parameters', formatCount(summary.parameters)]);
  if (summary.embeddingSize !== undefined) entries.push(['Embedding', formatCount(summary.embeddingSize)]);
  if (summary.heldOut.identities !== undefined) {
    entries.push([`Unseen ${many}`, formatCount(summary.heldOut.identities)]);
  }
  return html`<dl class="facts">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>${
    // Of convolutions: what most of a network is.
    lower && html`<p class="note">Matrix products in training: ${precision.did['conv2d']}.</p>`
  }`;
}

export function rateTable(data: ReportData): Html {
  const { heldOut, untrained, rank1 } = data.summary;
  const rates = ratesOf(heldOut);
  const unresolved = rates.some((key) => !isResolved(heldOut, key));
  const hasIntervals = rates.some((key) => heldOut.intervals?.[key]);
  const rows = rates.map((key) => {
    const interval = heldOut.intervals?.[key];
    const threshold = heldOut.thresholds[key];
    const before = untrained?.tprAtFpr[key];
    return html`<tr><th scope="row">${formatRate(Number(key))}${!isResolved(heldOut, key) && ' *'}</th>
<td><b>${formatPercent(heldOut.tprAtFpr[key])}</b>${
      interval && html`<small>${(interval.low * 100).toFixed(1)}–${(interval.high * 100).toFixed(1)}</small>`
    }</td>${untrained && html`<td>${before === undefined ? '–' : formatPercent(before)}</td>`}
<td>${typeof threshold === 'number' ? formatCosine(threshold) : 'none'}</td></tr>`;
  });
  return html`<div class="scroll"><table id="tpr-table">
<caption>Pairs of the same identity recognized, by how many pairs of different identities may be falsely accepted</caption>
<thead><tr><th scope="col">False accepts</th><th scope="col">Trained</th>${untrained && html`<th scope="col">Untrained</th>`}<th scope="col">Threshold</th></tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row">AUROC</th><td><b>${heldOut.auroc.toFixed(4)}</b>${hasIntervals && html`<small></small>`}</td>${
    untrained && html`<td>${untrained.auroc.toFixed(4)}</td>`
  }<td></td></tr>${
    rank1 &&
    html`<tr><th scope="row">Rank-1</th><td><b>${formatPercent(rank1.heldOut)}</b>${hasIntervals && html`<small></small>`}</td>${
      untrained && html`<td>${rank1.untrained === undefined ? '–' : formatPercent(rank1.untrained)}</td>`
    }<td></td></tr>`
  }</tfoot></table></div>
<p class="note">From ${formatCount(heldOut.pairs.positive)} pairs of the same and ${formatCount(heldOut.pairs.negative)}
pairs of different identities, none of which were in training${
    heldOut.images !== undefined && html` (${formatCount(heldOut.images)} images)`
  }. A pair is accepted when its cosine is at least the threshold, which is read off these same pairs.${
    hasIntervals &&
    ' Small figures: 95 % Wilson intervals, as if pairs were independent; pairs share images, so the truth is wider.'
  }${
    rank1 && ' Rank-1: an augmented image finds its own identity first among the clean enrolled images.'
  }${unresolved && ' * Too few pairs of different identities to measure this rate: no false accept is allowed.'}</p>`;
}

function image(uri: string, where: string, alt: string): Html {
  return html`<img src="${checkImage(uri, where)}" alt="${alt}" decoding="async">`;
}

function shownOf(shown: number, all: number): Content {
  return shown < all && html`<p class="note">Showing ${formatCount(shown)} of ${formatCount(all)}.</p>`;
}

export function sampleGallery(data: ReportData): Content {
  const candidates = data.samples
    .slice(0, MOST.identities)
    .map((group) => ({ ...group, images: group.images.slice(0, MOST.samples) }));
  const groups = fitRows(candidates, (group) => group.images, GALLERY_BUDGET.samples);
  if (groups.length === 0) return null;
  return html`
<section aria-labelledby="samples"><h2 id="samples">What it trained on</h2>
<p>Each row is one identity, under the augmentation it was trained with: the model must give a whole row one place.</p>
${groups.map(
  ({ identity, images }, g) =>
    html`<div class="row"><p class="label">${identity}</p><div class="strip">${images.map((uri, k) =>
      image(uri, `samples[${g}].images[${k}]`, `${identity}, augmented, ${k + 1}`),
    )}</div></div>`,
)}
${shownOf(groups.length, data.samples.length)}</section>`;
}

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
  const found = ({ uri, score, same, label }: Neighbor, where: string) => html`
<li class="${same ? 'right' : 'wrong'}">${image(uri, where, `${label ?? (same ? 'same identity' : 'another identity')}`)}
<span><span class="mark" aria-hidden="true">${same ? '✓' : '✗'}</span><span class="hidden">${same ? 'right' : 'wrong'},</span> ${formatCosine(score)}</span></li>`;
  const firsts = rows.filter((row) => row.results[0]?.same).length;
  return html`
<section aria-labelledby="neighbors"><h2 id="neighbors">What it finds</h2>
<p>Unseen images at the left, and the images the model puts nearest to each, best first, with their cosine. In
${formatCount(firsts)} of these ${formatCount(rows.length)} the first is right.</p>
${rows.map(
  (
    row,
    r,
  ) => html`<div class="search"><figure class="query">${image(row.query, `neighbors[${r}].query`, `Query: ${row.label}`)}
<figcaption>${row.label}</figcaption></figure><ol class="results">${row.results.map((result, k) =>
    found(result, `neighbors[${r}].results[${k}]`),
  )}</ol></div>`,
)}
${shownOf(rows.length, data.neighbors.length)}</section>`;
}

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
          )}</ul>${shownOf(shown.length, all.length)}`
    }</div>`;
  };
  return html`
<section aria-labelledby="mistakes"><h2 id="mistakes">What it gets wrong</h2>
<p>The worst decisions among the unseen pairs at the headline’s threshold, with their cosine.</p>
<div class="pairs">${group('false accept', `Accepted, but not the same ${one}`)}${group(
    'false reject',
    `Rejected, but the same ${one}`,
  )}</div>
</section>`;
}

export function configSection(data: ReportData): Html {
  return html`
<section aria-label="Configuration and machine"><details id="config"><summary>Configuration</summary><pre tabindex="0">${stringify(data.config)}</pre></details>
<details id="machine"><summary>Machine</summary><dl class="machine">${Object.entries(data.machine).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value === null ? '–' : String(value)}</dd></div>`,
  )}</dl></details></section>`;
}
