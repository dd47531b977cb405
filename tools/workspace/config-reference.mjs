// The reference of the config: every key of the JSON schema as a Markdown document for the site.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packages.mjs';

/** Returns the schema of the trainer's config, as `npm run schema -w apps/trainer` writes it. */
export function readConfigSchema() {
  return JSON.parse(readFileSync(join(root, 'apps', 'trainer', 'schema', 'config.schema.json'), 'utf8'));
}

/** Returns the keys of a schema with their paths, in its order; those with keys of their own come before them. */
export function listKeys(schema, path = '') {
  return Object.entries(propertiesOf(schema)).flatMap(([name, value]) => {
    const key = path ? `${path}.${name}` : name;
    return [{ key, value }, ...listKeys(value, key)];
  });
}

/** Returns the reference: a section for each part of the config, with a table of its keys. */
export function renderConfigReference(schema) {
  const sections = Object.entries(schema.properties).map(([name, value]) => {
    const keys = listKeys(value, name);
    const rows = (keys.length > 0 ? keys : [{ key: name, value }]).map(
      ({ key, value }) =>
        `| \`${key}\` | ${describeValues(value)} | ${describeDefault(value)} | ${inCell(value.description ?? '')} |`,
    );
    return [
      `## ${name}`,
      keys.length > 0 ? inCell(value.description ?? '') : '',
      ['| key | values | default | meaning |', '|---|---|---|---|', ...rows].join('\n'),
    ]
      .filter(Boolean)
      .join('\n\n');
  });
  return `# Every key of the config

A config is a YAML file. The command line changes any key: \`--set training.steps=500\`. The studio takes the same settings in
"Advanced settings", without \`--set\`. A mistyped key is reported with the closest valid one.

${sections.join('\n\n')}
`;
}

/** Returns the properties of a schema, or of the alternative that has some. */
function propertiesOf(schema) {
  const alternatives = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return Object.assign({}, ...alternatives.map(({ properties }) => properties ?? {}));
}

function describeValues(schema) {
  const { type, enum: values, const: only, anyOf, oneOf, items } = schema;
  if (values) return values.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  const alternatives = anyOf ?? oneOf;
  if (alternatives) return [...new Set(alternatives.map(describeValues))].join(' or ');
  if (type === 'array') return `list of ${items ? describeValues(items) : 'values'}`;
  return `${type === 'object' ? 'keys' : (type ?? 'any value')}${describeRange(schema)}`;
}

function describeRange({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  if (type !== 'number' && type !== 'integer') return '';
  const low =
    exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : minimum !== undefined ? `≥ ${minimum}` : '';
  const isLimited = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const high = exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : isLimited ? `≤ ${maximum}` : '';
  const isUseful = low && !low.includes(String(Number.MIN_SAFE_INTEGER));
  const range = [isUseful ? low : '', high].filter(Boolean).join(', ');
  return range ? ` ${range}` : '';
}

function describeDefault({ default: value }) {
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
    return '';
  return `\`${JSON.stringify(value)}\``;
}

/** Returns a text for a cell of a table. */
const inCell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
