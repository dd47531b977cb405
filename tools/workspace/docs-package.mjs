// node docs-package.mjs FOLDER FILE: writes what typedoc finds in the package of a folder to a file, for docs.mjs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bootstrap, typedoc } from './bootstrap-typedoc.mjs';
import { root } from './packages.mjs';

const [path, file] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
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
if (!project) throw new Error(`typedoc could not read ${manifest.name}. See the errors above.`);
// Modules are named as they are imported, without the scope. The sources are index, layers, install/index.
for (const entry of project.getChildrenByKind(typedoc.ReflectionKind.Module)) {
  const name = entry.name.replace(/(^|\/)index$/, '');
  entry.name = [basename(manifest.name), ...(name ? [name] : [])].join('/');
}
writeFileSync(file, JSON.stringify(app.serializer.projectToObject(project, typedoc.normalizePath(root))));
console.log(
  `${manifest.name}: ${project.getReflectionsByKind(typedoc.ReflectionKind.SomeExport).length} exports`,
);
if (app.logger.errorCount > 0) process.exitCode = 1;

/** Returns the source files of a package's exports. */
function sourcesOf(path, { exports }) {
  return Object.values(exports)
    .flatMap((conditions) =>
      typeof conditions === 'object' ? [conditions.types ?? conditions.import?.types] : [],
    )
    .map((types) => basename(types, '.d.ts'))
    .map((name) => [join(path, 'src', `${name}.ts`), join(path, 'src', name, 'index.ts')].find(existsSync));
}
