import type { EmbedderConfig } from './embedder-config.js';

/** What a model card states beside the model itself. */
export interface ModelCard {
  /** Title. Default: the backbone's name. */
  title?: string;
  /** License of the weights, by its SPDX identifier or Hugging Face's name. Default: `unknown`. */
  license?: string;
  /** How to use the model, in Markdown. Default: `loadEmbedder` on TensorFlow.js. */
  usage?: string;
  /** Sections after the description, in Markdown, such as data, evaluation and limits. */
  sections?: readonly { title: string; text: string }[];
}

/** What a model card states about the model itself. */
export interface ModelFacts extends EmbedderConfig {
  readonly embeddingSize: number;
  readonly fingerprint: string;
}

/** Writes the model card: README.md with Hugging Face's metadata. */
export function formatModelCard(facts: ModelFacts, card: ModelCard = {}): string {
  const { model, embeddingSize, preprocessing, fingerprint } = facts;
  const {
    title = `Embedder on ${model.backbone}`,
    license = 'unknown',
    sections = [],
    usage = onTfjs,
  } = card;
  const { imageSize, cropMode = 'center', interpolation = 'bilinear' } = preprocessing;
  const head = model.head === 'linear' ? `linear layers with ${model.norm}` : 'none';
  const parts = [
    { title: 'Use', text: usage },
    {
      title: 'Model',
      text: [
        '| | |',
        '|---|---|',
        `| backbone | ${model.backbone} |`,
        `| neck | ${model.neck} |`,
        `| head | ${head} |`,
        `| embedding | ${embeddingSize} values of unit length |`,
        `| input | ${imageSize} × ${imageSize} pixels, ${cropMode}, ${interpolation} |`,
        `| fingerprint | \`${fingerprint}\` |`,
      ].join('\n'),
    },
    ...sections,
    {
      title: 'License',
      text:
        license === 'unknown'
          ? 'The license of the weights is not stated. Ask the person who trained the model.'
          : license,
    },
  ];
  const metadata = [
    '---',
    'library_name: unitsphere',
    'pipeline_tag: image-feature-extraction',
    `license: ${JSON.stringify(license)}`,
    'tags:',
    '- metric-learning',
    '- image-embeddings',
    '---',
  ];
  return `${[metadata.join('\n'), `# ${title}`, intro, ...parts.map((part) => `## ${part.title}\n\n${part.text}`)].join('\n\n')}\n`;
}

const intro =
  'This model maps an image to a vector of unit length. The cosine of two vectors tells how alike their images are.';

const onTfjs = `\`\`\`sh
npm install @unitsphere/embedder @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm sharp
\`\`\`

\`\`\`js
import { loadEmbedder } from '@unitsphere/embedder';

const embedder = await loadEmbedder('path/to/this/folder');
const [a, b] = await embedder.embed(['one.jpg', 'other.jpg']);
console.log('cosine', a.reduce((sum, value, i) => sum + value * b[i], 0));
\`\`\``;
