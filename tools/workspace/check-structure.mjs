// npm run check:structure: no import circles, imports point down and stop at package boundaries, rooms import one way.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cruise } from 'dependency-cruiser';
import { root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

/** The layers in CONTRIBUTING.md's picture, lowest first. A workspace may import only workspaces of lower layers. */
const LAYERS = [
  ['@unitsphere/native'],
  [
    '@unitsphere/collectives',
    '@unitsphere/images',
    '@unitsphere/margin-losses',
    '@unitsphere/ops',
    '@unitsphere/pair-losses',
  ],
  ['@unitsphere/core', '@unitsphere/mixed-precision', '@unitsphere/mpi', '@unitsphere/optimizers'],
  [
    '@unitsphere/backends',
    '@unitsphere/data',
    '@unitsphere/norms',
    '@unitsphere/partial-fc',
    '@unitsphere/verification',
  ],
  ['@unitsphere/backbones', '@unitsphere/necks', '@unitsphere/recognition'],
  ['@unitsphere/inference', '@unitsphere/pretrained'],
  ['@unitsphere/clip-distiller', '@unitsphere/embedder', '@unitsphere/testing'],
  ['@unitsphere/models', '@unitsphere/onnx-export'],
  ['@unitsphere/contract', 'unitsphere'],
  ['@unitsphere/benchmarks', '@unitsphere/studio'],
];

/** Folders whose subfolders are rooms. Two rooms must not import each other, not even types. */
const ROOMS = ['apps/trainer/src'];

/**
 * Imports that would be problems, each with the reason why it is allowed. `from` and `to` are a package's name, or a path
 * that matches everything below it. The kinds are `type-circle` (a type import that closes a circle), `inner-file` (a file
 * that its package does not export) and `bundled` (a dev dependency that the build copies into `dist`).
 */
const EXCEPTIONS = [
  {
    kind: 'bundled',
    from: '@unitsphere/verification',
    to: '@unitsphere/core',
    reason: 'only random, pickle and safetensors are used, and a dependency would require TensorFlow.js',
  },
];

/** Specifiers that a plugin of the build resolves (tsup.base.ts). */
const VIRTUAL = /^tfjs-core-file:/;

/** @returns {Promise<{name: string, problems: string}[]>} One entry per check; `problems` is empty if it passes. */
export async function checkStructure({
  repository = root,
  layers = LAYERS,
  rooms = ROOMS,
  exceptions = EXCEPTIONS,
} = {}) {
  const workspaces = readWorkspaces(repository);
  const imports = await readImports(repository, workspaces);
  const used = new Set();
  const isAllowed = (kind, { from, origin }, to) => {
    const found = exceptions.find(
      (entry) =>
        entry.kind === kind &&
        (entry.from === origin.manifest.name || contains(entry.from, from)) &&
        contains(entry.to, to),
    );
    if (found) used.add(found);
    return found !== undefined;
  };
  const checks = [
    ['no import circles', circleProblems(imports, isAllowed)],
    ['packages import only packages below them', layerProblems(imports, workspaces, layers)],
    ['packages import only declared dependencies and exports', boundaryProblems(imports, isAllowed)],
    ...rooms.map((folder) => [`rooms of ${folder} import one way`, roomProblems(imports, folder)]),
    [
      'exceptions of the structure are in use',
      exceptions
        .filter((entry) => !used.has(entry))
        .map(({ kind, from, to }) => `EXCEPTIONS of check-structure.mjs: remove ${kind} ${from} → ${to}.`),
    ],
  ];
  return checks.map(([name, problems]) => ({ name, problems: problems.join('\n') }));
}

/** Returns the folder and the manifest of every workspace that has a folder `src`. */
function readWorkspaces(repository) {
  const { workspaces } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  return workspaces
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern];
      const parent = pattern.slice(0, -2);
      return readdirSync(join(repository, parent)).map((name) => `${parent}/${name}`);
    })
    .filter((folder) => ['package.json', 'src'].every((name) => existsSync(join(repository, folder, name))))
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')),
    }));
}

/**
 * Returns every import in the workspaces' `src`, once per pair of modules: `isType` is true if it exists only in types,
 * `target` is the workspace that `to` or `specifier` belongs to.
 */
async function readImports(repository, workspaces) {
  const sources = workspaces.map(({ folder }) => `${folder}/src`);
  const { output } = await cruise(sources, {
    baseDir: repository,
    parser: 'tsc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: `^(?!(${sources.join('|')})/)` },
  });
  const imports = new Map();
  for (const { source, dependencies } of output.modules) {
    const origin = workspaces.find(({ folder }) => contains(`${folder}/src`, source));
    if (!origin) continue;
    for (const { module: specifier, resolved, dependencyTypes, couldNotResolve } of dependencies) {
      const isRelative = specifier.startsWith('.');
      const isType = dependencyTypes.some((type) => type === 'type-only' || type === 'type-import');
      const to = isRelative ? resolved : specifier;
      const known = imports.get(`${source} ${to}`);
      const target = workspaces.find(({ folder, manifest }) =>
        isRelative ? contains(folder, to) : manifest.name === packageOf(specifier),
      );
      imports.set(`${source} ${to}`, {
        from: source,
        to,
        isRelative,
        isMissing: isRelative && couldNotResolve,
        isType: isType && (known?.isType ?? true),
        origin,
        target,
      });
    }
  }
  return [...imports.values()];
}

/** Reports circles at run time, then circles that only type imports close. */
function circleProblems(imports, isAllowed) {
  const local = imports.filter(({ isRelative, isMissing }) => isRelative && !isMissing);
  const runTime = targetsOf(local.filter(({ isType }) => !isType));
  const all = targetsOf(local);
  const kept = local.filter(
    (entry) =>
      !entry.isType || !findPath(entry.to, entry.from, all) || !isAllowed('type-circle', entry, entry.to),
  );
  const isRunTime = (circle) =>
    circle.every((path, k) => k === 0 || runTime.get(circle[k - 1])?.includes(path));
  return [
    ...findCircles(runTime).map((circle) => `run-time circle: ${circle.join(' → ')}`),
    ...findCircles(targetsOf(kept))
      .filter((circle) => !isRunTime(circle))
      .map((circle) => `circle of type imports: ${circle.join(' → ')}`),
  ];
}

/** Maps each module to the modules that it imports. */
function targetsOf(imports) {
  const targets = new Map();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  return targets;
}

/** Returns a shortest circle through each module in a circle, except for modules of circles found before. */
function findCircles(targets) {
  const circles = [];
  for (const start of targets.keys()) {
    if (circles.some((circle) => circle.includes(start))) continue;
    const circle = findPath(start, start, targets);
    if (circle) circles.push(circle);
  }
  return circles;
}

/** Returns the modules on a shortest path of at least one import from `start` to `goal`, both included. */
function findPath(start, goal, targets) {
  const pathTo = new Map([[start, [start]]]);
  for (const [from, path] of pathTo) {
    for (const to of targets.get(from) ?? []) {
      if (to === goal) return [...path, goal];
      if (!pathTo.has(to)) pathTo.set(to, [...path, to]);
    }
  }
  return undefined;
}

/** Reports imports of a workspace in the same or a higher layer. */
function layerProblems(imports, workspaces, layers) {
  const layerOf = ({ manifest }) => layers.findIndex((names) => names.includes(manifest.name));
  const unknown = workspaces
    .filter((workspace) => layerOf(workspace) < 0)
    .map(({ folder, manifest }) => `${folder}: add ${manifest.name} to LAYERS of check-structure.mjs.`);
  if (unknown.length > 0) return unknown;
  return imports
    .filter(({ origin, target }) => target && target !== origin && layerOf(target) >= layerOf(origin))
    .map(({ from, to, origin, target }) => {
      const [name, other] = [origin.manifest.name, target.manifest.name];
      return `${from} imports ${to}: ${other} is not below ${name}.`;
    });
}

/** Reports imports that reach past a package's exports or are not declared in its manifest. */
function boundaryProblems(imports, isAllowed) {
  return imports.flatMap((entry) => {
    const { from, to, isRelative, isMissing, origin, target } = entry;
    if (isMissing) return [`${from} imports ${to}, which does not exist.`];
    if (!isRelative) return packageProblems(entry, isAllowed);
    if (target === origin) return [];
    // A private workspace may use the repository's tools and configs.
    if (!target && origin.manifest.private) return [];
    if (isAllowed('inner-file', entry, to)) return [];
    return [
      target
        ? `${from} imports ${to}, a file inside ${target.manifest.name}. Import what that package exports.`
        : `${from} imports ${to}, which is outside its package.`,
    ];
  });
}

function packageProblems(entry, isAllowed) {
  const { from, to: specifier, isType, origin, target } = entry;
  if (isBuiltin(specifier) || VIRTUAL.test(specifier)) return [];
  const name = packageOf(specifier);
  const { manifest } = origin;
  const exported = target?.manifest.exports;
  if (target && !exported?.[`.${specifier.slice(name.length)}`]) {
    return [`${from} imports ${specifier}, which ${name} does not export.`];
  }
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = manifest;
  if (target === origin || name in { ...dependencies, ...peerDependencies, ...optionalDependencies })
    return [];
  if (name in { ...devDependencies }) {
    // Dev dependencies are not installed with a published package.
    if (manifest.private || isType || isAllowed('bundled', entry, name)) return [];
    return [`${from} imports ${name}, a dev dependency of ${manifest.name}. Make it a dependency.`];
  }
  return [`${from} imports ${name}, which ${origin.folder}/package.json does not declare.`];
}

/** Reports pairs of rooms that import each other, with all imports between them. */
function roomProblems(imports, folder) {
  const roomOf = (path) => (contains(folder, path) ? path.slice(folder.length + 1).split('/') : []);
  const between = new Map();
  for (const { from, to, isRelative } of imports) {
    if (!isRelative) continue;
    const [[room, ...inside], [other, ...inOther]] = [roomOf(from), roomOf(to)];
    // A file directly in the folder is in no room.
    if (inside.length === 0 || inOther.length === 0 || room === other) continue;
    const key = `${room} ${other}`;
    between.set(key, [...(between.get(key) ?? []), `${from} → ${to}`]);
  }
  return [...between].flatMap(([key, forward]) => {
    const [room, other] = key.split(' ');
    const backward = between.get(`${other} ${room}`);
    if (!backward || room > other) return [];
    const list = [...forward, ...backward].map((line) => `  ${line}`).join('\n');
    return [`${room} and ${other} import each other (${forward.length} and ${backward.length}):\n${list}`];
  });
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function contains(path, other) {
  return other === path || other.startsWith(`${path}/`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(await checkStructure());
