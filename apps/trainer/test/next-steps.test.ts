import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { nextSteps } from '../src/commands/next-steps.js';
import { run } from '../src/commands/program.js';
import { pathArgument, relativePath } from '../src/commands/relative-path.js';
import { shellArgument } from '../src/shell-argument.js';

afterEach(() => void vi.restoreAllMocks());

/** Parses a command as a shell and the command line do, without running it. @returns The positional arguments. */
async function parse(command: string): Promise<unknown[]> {
  const [name, ...args] = execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
  expect(name).toBe('unitsphere');
  const parsed: unknown[] = [];
  const action = Command.prototype.action;
  vi.spyOn(Command.prototype, 'action').mockImplementation(function (this: Command) {
    return action.call(this, (...values: unknown[]) => void parsed.push(...values.slice(0, -2)));
  });
  let message = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    message += text;
    return true;
  });
  expect(await run(args, '0', {} as never), `${command}: ${message}`).toBe(0);
  vi.restoreAllMocks();
  return parsed;
}

test.each([
  'runs/cards',
  'runs/my cards',
  'it\'s $HOME `x` "y" * & ;',
  '-run',
  'https://example.com/model/',
  'owner/name',
  'läufe/karten',
])('every next step of %s is a command that the command line accepts', async (model) => {
  const steps = nextSteps(model, 'evaluate', 'embed', 'enroll', 'export');
  expect(steps).toHaveLength(4);
  for (const step of steps) {
    const [, command] = /^[\w ]+: +(unitsphere .+)$/.exec(step) as string[];
    const parsed = await parse(command);
    if (command.includes('enroll')) expect(parsed).toEqual(['GALLERY', 'DIR']);
    else expect(parsed[0]).toBe(model.startsWith('-') ? `./${model}` : model);
  }
});

const source = fileURLToPath(new URL('../src', import.meta.url));
const COMMANDS =
  'train|evaluate|export|push|embed|enroll|recognize|gallery|compare|report|backend|data|cache|doctor';

/** The commands in messages, with a word in place of each value. Help texts are left out: another test runs their examples. */
const printed = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/program|gallery-commands|next-steps|study-schema/.test(file))
  .flatMap((file) =>
    readFileSync(join(source, file), 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
      .flatMap((line) => [
        ...line
          .replaceAll(/\$\{settings.*join\(''\)\}/g, ' --set data.views=24')
          .replaceAll(/\$\{[\w.[\]]+\.kind\}/g, 'images')
          .replaceAll(/\$\{[^{}]*\}/g, 'VALUE')
          .matchAll(new RegExp(`unitsphere (?:${COMMANDS})(?: (?:[\\w./:=-]|…)+)*`, 'g')),
      ])
      .map(([command]) => command.replace(/[.:]+$/, '')),
  );

test('every command in a message is one that the command line accepts', async () => {
  expect(printed.length).toBeGreaterThan(15);
  for (const command of new Set(printed)) {
    // Prose names a command without its arguments.
    if (/^unitsphere \w+$/.test(command) && command !== 'unitsphere train') continue;
    await parse(command);
  }
});

test('paths and settings are quoted where a shell requires it', () => {
  expect(pathArgument(resolve('runs/a b'))).toBe("'runs/a b'");
  expect(relativePath('https://example.com/model')).toBe('https://example.com/model');
  expect(shellArgument('data.views=24')).toBe('data.views=24');
  expect(shellArgument('data.split={train: 1}')).toBe("'data.split={train: 1}'");
});
