// npm run docs: writes a site to site/ with the API of every published package, the READMEs, the guides, a reference of the config,
// and the studio.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { readConfigSchema, renderConfigReference } from './config-reference.mjs';
import { inParallel } from './in-parallel.mjs';
import { install, publishedPackages, root } from './packages.mjs';

install('Installing the check tools', join(root, 'tools', 'checks'));
const { bootstrap, typedoc } = await import('./bootstrap-typedoc.mjs');

const guides = join(root, 'docs', 'guides');
/** The guides in the order of the site. */
const GUIDES = [
  'get-started',
  'embed-a-picture',
  'few-pictures',
  'folder-to-browser',
  'camera-page',
  'recognize-in-a-server',
  'fine-tune',
  'ship-a-model',
  'ship-to-a-phone',
  'many-machines',
  'troubleshooting',
];
// Beside the guides: the documents of a site are searched below the folder that they share.
const generated = join(root, 'docs', 'generated');
mkdirSync(generated, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-docs-'));
const converter = join(root, 'tools', 'workspace', 'docs-package.mjs');
const STUDIO_TITLE = 'Try it in this page';
const FRAME = 'STUDIO_FRAME';
const unlisted = readdirSync(guides).filter((name) => !GUIDES.includes(basename(name, '.md')));
if (unlisted.length > 0) throw new Error(`Add ${unlisted.join(', ')} to GUIDES in tools/workspace/docs.mjs.`);
let problems;
try {
  const reference = join(generated, 'config.md');
  writeFileSync(reference, renderConfigReference(readConfigSchema()));
  const studio = join(generated, 'studio.md');
  writeFileSync(
    studio,
    `# ${STUDIO_TITLE}\n\nThe studio trains and recognizes in your browser. Pictures never leave this device.\n\n${FRAME}\n`,
  );
  const built = buildStudio();
  // Packages are converted by processes of their own, because each takes seconds of one core.
  const projects = await inParallel(
    publishedPackages().map(({ path }) => async () => {
      const file = join(folder, `${basename(path)}.json`);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [converter, path, file]);
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      return file;
    }),
  );
  const app = await bootstrap({
    name: 'unitsphere',
    entryPointStrategy: typedoc.EntryPointStrategy.Merge,
    entryPoints: projects,
    readme: join(root, 'README.md'),
    projectDocuments: [studio, ...GUIDES.map((name) => join(guides, `${name}.md`)), reference],
    // The search finds words in the guides and in the keys of the config, too.
    searchInDocuments: true,
    navigation: { includeGroups: false, includeCategories: false },
    customCss: join(root, 'docs', 'site.css'),
    hideGenerator: true,
    validation: { notExported: false, invalidLink: true, invalidPath: true },
  });
  const project = await app.convert();
  // A guide is named by its title.
  for (const guide of project.getReflectionsByKind(typedoc.ReflectionKind.Document)) {
    guide.name = /^# (.+)$/m.exec(guide.content.map(({ text }) => text).join(''))[1];
  }
  app.validate(project);
  await app.generateOutputs(project);
  await built;
  embedStudio();
  problems = app.logger.warningCount + app.logger.errorCount;
} finally {
  for (const made of [folder, generated]) rmSync(made, { recursive: true, force: true });
}
if (problems > 0) {
  console.error(`The docs have ${problems} problems; see above.`);
  process.exit(1);
}
console.log('Wrote site/index.html');

/** Builds the studio while the packages are converted. */
async function buildStudio() {
  const studio = join(root, 'apps', 'studio');
  const vite = join(studio, 'node_modules', 'vite', 'bin', 'vite.js');
  await promisify(execFile)(
    process.execPath,
    [vite, 'build', '--outDir', join(folder, 'studio'), '--logLevel', 'error'],
    {
      cwd: studio,
    },
  );
}

/** Moves the studio into the site, and shows it in its page. */
function embedStudio() {
  const site = join(root, 'site');
  cpSync(join(folder, 'studio'), join(site, 'studio'), { recursive: true });
  const pages = join(site, 'documents');
  const page = readdirSync(pages).find((name) => readFileSync(join(pages, name), 'utf8').includes(FRAME));
  if (!page) throw new Error(`The site has no page with ${FRAME}.`);
  const html = readFileSync(join(pages, page), 'utf8');
  const frame =
    '<iframe class="studio" src="../studio/index.html" title="unitsphere studio" allow="camera"></iframe>';
  writeFileSync(join(pages, page), html.replaceAll(`<p>${FRAME}</p>`, frame));
}
