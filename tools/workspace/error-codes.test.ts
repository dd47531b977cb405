import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './packages.mjs';

/** Every class of errors of the packages and the trainer: its file, name, base class and the text of its body. */
const classes = [
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/src`),
  'apps/trainer/src',
].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [
        ...readFileSync(join(root, folder, file), 'utf8').matchAll(
          /^export class (\w+) extends (\w*Error) \{([\s\S]*?)^\}/gm,
        ),
      ].map(([, name, base, body]) => ({ file: `${folder}/${file}`, name, base, body })),
    ),
);

test('every exported class of errors has a code in capitals of its own', () => {
  expect(classes.length).toBeGreaterThan(25);
  const without = classes.filter(({ body }) => !/^ +(override )?readonly code\b/m.test(body));
  expect(without.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  const codes = classes.flatMap(({ body }) => [...body.matchAll(/readonly code(?:: string)? = '([^']*)'/g)]);
  expect(codes.map(([, code]) => code).filter((code) => !/^[A-Z]+(_[A-Z]+)*$/.test(code))).toEqual([]);
});

test('no class of errors has the code of its base class', () => {
  const codeOf = ({ body }: (typeof classes)[number]) =>
    /readonly code(?:: string)? = '([^']*)'/.exec(body)?.[1];
  for (const one of classes) {
    const base = classes.find(
      ({ name, file }) => name === one.base && file.split('/')[1] === one.file.split('/')[1],
    );
    if (base && codeOf(base)) expect(codeOf(one), one.name).not.toBe(codeOf(base));
  }
});
