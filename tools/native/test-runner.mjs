// What packages/ops/test/native-kernels.test.ts uses of vitest, for Node.js without vitest's native library.
import { deepStrictEqual, ok } from 'node:assert/strict';

const counts = { passed: 0, failed: 0 };

export const describe = {
  skipIf: (isSkipped) => (name, body) => {
    if (isSkipped) throw new Error(`${name}: skipped, but this check requires the addon.`);
    console.log(name);
    body();
  },
};

/** Under an emulator, a case can take a minute. */
const selected = new RegExp(process.argv[2] ?? '');

export function test(name, body) {
  if (!selected.test(name)) return;
  try {
    body();
    counts.passed++;
    console.log(`✓ ${name}`);
  } catch (error) {
    counts.failed++;
    console.log(`✗ ${name}: ${error.message}`);
  }
}

test.each = (cases) => (name, body) => {
  for (const one of cases)
    test(
      name.replace(/\$(\w+)/g, (_, key) => one[key]),
      () => body(one),
    );
};

export function expect(actual, what = '') {
  return {
    toBe: (expected) => ok(Object.is(actual, expected), `${what} ${actual} is not ${expected}`),
    toEqual: (expected) => deepStrictEqual(actual, expected),
    toBeLessThanOrEqual: (limit) => ok(actual <= limit, `${what} ${actual} is above ${limit}`),
    toBeCloseTo: (expected, digits) =>
      ok(Math.abs(actual - expected) < 10 ** -digits / 2, `${what} ${actual} is not close to ${expected}`),
  };
}

process.on('exit', () => {
  console.log(
    `kernels on ${process.platform} ${process.arch}: ${counts.passed} passed, ${counts.failed} failed`,
  );
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
