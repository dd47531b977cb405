/** Tests that the workflows of GitHub Actions are pinned, have few permissions and run commands that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { releasedTargets } from '../../packages/native/scripts/targets.mjs';
import { root } from './packages.mjs';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, unknown>;
}

interface Job {
  uses?: string;
  needs?: string | string[];
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
  strategy?: { matrix: Record<string, unknown[]> };
  steps?: Step[];
}

interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const folder = join(root, '.github', 'workflows');
const workflows = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  return { file, text, workflow: parse(text) as Workflow };
});
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({
    name: `${file.replace('.yml', '')}/${name}`,
    job,
    permissions: job.permissions ?? workflow.permissions ?? {},
    steps: job.steps ?? [],
  })),
);
/** Programs that install the compilers of the native addon. */
const COMPILERS = ['sudo', 'pip', 'rustup'];
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Returns the shell commands of a step, those that an action runs included. */
function commandsOf({ run = '', with: { version, publish } = {} }: Step): string[] {
  return [run, version, publish]
    .flatMap((text) => String(text ?? '').split(/\n|&&|;/))
    .map((command) => command.trim())
    .filter(Boolean);
}

test('there are workflows for tests, releases and the site', () => {
  expect(workflows.map(({ file }) => file).sort()).toEqual(['ci.yml', 'docs.yml', 'release.yml']);
});

describe.each(workflows)('$file', ({ text, workflow }) => {
  test('pins every action to a commit, with its version', () => {
    const lines = text.split('\n').filter((line) => /\buses:/.test(line));
    const pinned =
      /^\s*(- )?uses: (\.\/\.github\/workflows\/\w+\.yml|[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/;
    expect(lines.filter((line) => !pinned.test(line))).toEqual([]);
    const parsed = Object.values(workflow.jobs).flatMap(({ uses, steps = [] }) => [
      ...(uses ? [uses] : []),
      ...steps.flatMap((step) => (step.uses ? [step.uses] : [])),
    ]);
    expect(parsed.length).toBe(lines.length);
    for (const uses of parsed) if (uses.startsWith('./')) expect(existsSync(join(root, uses))).toBe(true);
  });

  test('has no permission to write except in single jobs', () => {
    expect([{}, { contents: 'read' }]).toContainEqual(workflow.permissions);
  });

  test('reads no stored token', () => {
    expect(text).not.toMatch(/secrets\.|NPM_TOKEN|NODE_AUTH_TOKEN/);
  });
});

test('every action has one version', () => {
  const pins = new Set(
    workflows.flatMap(({ text }) => text.match(/[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\S+/g) ?? []),
  );
  const names = [...pins].map((pin) => pin.split('@')[0]);
  expect(names.length).toBe(new Set(names).size);
});

test('only jobs that publish have permission to write', () => {
  const writing = jobs.flatMap(({ name, permissions }) => {
    const granted = Object.keys(permissions).filter((key) => permissions[key] !== 'read');
    return granted.length > 0 ? [[name, ...granted.sort()]] : [];
  });
  expect(writing.sort()).toEqual([
    ['docs/deploy', 'id-token', 'pages'],
    ['release/publish', 'contents', 'id-token'],
    ['release/version', 'contents', 'pull-requests'],
  ]);
});

describe.each(jobs)('the job $name', ({ name, job, steps }) => {
  const commands = steps.flatMap(commandsOf);

  test('installs without install scripts', () => {
    const installs = commands.filter((command) => /\bnpm (ci|i|install|exec|update)\b|\bnpx\b/.test(command));
    expect(installs.filter((command) => command !== 'npm ci --ignore-scripts')).toEqual([]);
  });

  test('runs scripts that exist', () => {
    for (const command of commands) {
      const [program, ...words] = command.split(/\s+/);
      const script = words[0] === 'run' ? words[1] : words[0];
      if (program === 'npm' && script !== 'ci') expect(scripts, command).toHaveProperty([script!]);
      if (program === 'node') expect(existsSync(join(root, words[0]!)), command).toBe(true);
      expect(['npm', 'node', ...(name === 'release/addons' ? COMPILERS : [])]).toContain(program);
    }
  });

  test('has a time limit', () => {
    if (!job.uses) expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
  });
});

test.each(jobs.filter(({ permissions }) => Object.values(permissions).some((value) => value !== 'read')))(
  'the job $name restores no cache, because it can write',
  ({ steps }) => {
    for (const { uses = '', with: options = {} } of steps) {
      if (uses.startsWith('actions/setup-node@')) expect(options['package-manager-cache']).toBe(false);
      expect(uses).not.toContain('actions/cache');
      expect(options).not.toHaveProperty('cache');
    }
  },
);

test('CI runs on the systems and versions of Node that are supported', () => {
  const { linux, quick } = workflows.find(({ file }) => file === 'ci.yml')!.workflow.jobs;
  expect(linux!.strategy!.matrix.node).toEqual([20, 22, 24, 26]);
  expect(quick!.strategy!.matrix.os).toEqual(['macos-15', 'windows-2025']);
  for (const job of [linux!, quick!]) {
    const commands = job.steps!.flatMap(commandsOf).join('\n');
    for (const command of ['npm ci', 'npm start', 'npm test']) expect(commands).toContain(command);
  }
});

test('a release runs the tests of CI before it publishes', () => {
  const { on, jobs } = workflows.find(({ file }) => file === 'release.yml')!.workflow;
  expect(on).toEqual({ push: { branches: ['main'] } });
  expect(jobs.test!.uses).toBe('./.github/workflows/ci.yml');
  expect(workflows.find(({ file }) => file === 'ci.yml')!.workflow.on).toHaveProperty('workflow_call');
  expect([jobs.version!.needs, jobs.publish!.needs]).toEqual(['test', ['version', 'addons']]);
});

test('a release compiles the addon for every platform, with pinned compilers and in a job that cannot write', () => {
  const { jobs } = workflows.find(({ file }) => file === 'release.yml')!.workflow;
  const { needs, permissions, steps } = jobs.addons!;
  expect([needs, permissions]).toEqual(['version', { contents: 'read' }]);
  const commands = steps!.flatMap(commandsOf);
  expect(commands.at(-1)).toBe('npm run build:native -- --all');
  // The runner has the target of its own system.
  const added = commands.flatMap((command) => /^rustup target add (.*)/.exec(command)?.[1]?.split(' ') ?? []);
  expect(['x86_64-unknown-linux-gnu', ...added].sort()).toEqual(
    releasedTargets()
      .map(({ target }) => target)
      .sort(),
  );
  const installed = commands.find((command) => command.startsWith('pip install '))!.split(' ');
  expect(installed.filter((word) => word.startsWith('cargo') || word.startsWith('zig'))).toEqual([
    expect.stringMatching(/^cargo-zigbuild==\d/),
    expect.stringMatching(/^ziglang==\d/),
  ]);
  const folders = [steps!, jobs.publish!.steps!].flatMap((all) =>
    all.filter(({ with: { name = '' } = {} }) => name === 'addons').map((step) => step.with!['path']),
  );
  expect(folders).toEqual(['packages/native/binaries', 'packages/native/binaries']);
});

test('the site is the output of npm run docs', () => {
  const { build, deploy } = workflows.find(({ file }) => file === 'docs.yml')!.workflow.jobs;
  expect(build!.steps!.flatMap(commandsOf)).toContain('npm run docs');
  expect(build!.steps!.at(-1)!.with).toEqual({ path: 'site' });
  expect(deploy!.needs).toBe('build');
});
