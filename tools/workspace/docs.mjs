// npm run docs: writes a site to site/ with the API of every published package, the READMEs and the guides.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { inParallel } from './in-parallel.mjs';
import { install, publishedPackages, root } from './packages.mjs';

install('Installing the check tools', join(root, 'tools', 'checks'));
const { bootstrap, typedoc } = await import('./bootstrap-typedoc.mjs');

const guides = join(root, 'docs', 'guides');
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-docs-'));
const converter = join(root, 'tools', 'workspace', 'docs-package.mjs');
let problems;
try {
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
    projectDocuments: readdirSync(guides).map((name) => join(guides, name)),
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
  problems = app.logger.warningCount + app.logger.errorCount;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (problems > 0) {
  console.error(`The docs have ${problems} problems; see above.`);
  process.exit(1);
}
console.log('Wrote site/index.html');
