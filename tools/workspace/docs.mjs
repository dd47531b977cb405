// npm run docs: writes a site to site/ with the API of every published package, the READMEs and the guides.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install, publishedPackages, root } from './packages.mjs';

const tools = join(root, 'tools', 'checks');
install('Installing the check tools', tools);
const typedoc = await import(
  pathToFileURL(createRequire(join(tools, 'package.json')).resolve('typedoc')).href
);

const guides = join(root, 'docs', 'guides');
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-docs-'));
let warnings = 0;
try {
  const projects = [];
  for (const { path, manifest } of publishedPackages()) {
    const app = await bootstrap({
      name: manifest.name,
      entryPoints: sourcesOf(path, manifest),
      displayBasePath: join(path, 'src'),
      tsconfig: join(path, 'tsconfig.json'),
      readme: join(path, 'README.md'),
      // `npm test` checks the types, and the tests' imports are not part of the package.
      skipErrorChecking: true,
      excludeInternal: true,
      excludePrivate: true,
      excludeExternals: true,
      disableGit: true,
      disableSources: true,
      // typedoc warns about @param names of destructured parameters, which it cannot find.
      logLevel: 'Error',
    });
    const project = await app.convert();
    warnings += app.logger.errorCount;
    if (!project) throw new Error(`typedoc could not read ${manifest.name}. See the errors above.`);
    // Modules are named as they are imported, without the scope. The sources are index, layers, install/index.
    for (const entry of project.getChildrenByKind(typedoc.ReflectionKind.Module)) {
      const name = entry.name.replace(/(^|\/)index$/, '');
      entry.name = [basename(manifest.name), ...(name ? [name] : [])].join('/');
    }
    const file = join(folder, `${basename(path)}.json`);
    writeFileSync(file, JSON.stringify(app.serializer.projectToObject(project, typedoc.normalizePath(root))));
    projects.push(file);
    console.log(
      `${manifest.name}: ${project.getReflectionsByKind(typedoc.ReflectionKind.SomeExport).length} exports`,
    );
  }
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
  warnings += app.logger.warningCount + app.logger.errorCount;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (warnings > 0) {
  console.error(`The docs have ${warnings} problems; see above.`);
  process.exit(1);
}
console.log('Wrote site/index.html');

function bootstrap(options) {
  return typedoc.Application.bootstrap({
    out: join(root, 'site'),
    basePath: root,
    logLevel: 'Warn',
    ...options,
  });
}

/** Returns the source files of a package's exports. */
function sourcesOf(path, { exports }) {
  return Object.values(exports)
    .flatMap((conditions) =>
      typeof conditions === 'object' ? [conditions.types ?? conditions.import?.types] : [],
    )
    .map((types) => basename(types, '.d.ts'))
    .map((name) => [join(path, 'src', `${name}.ts`), join(path, 'src', name, 'index.ts')].find(existsSync));
}
