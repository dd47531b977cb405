import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import asc from 'assemblyscript/asc';
import { afterAll, describe, expect, test } from 'vitest';
import { kernelInterface, parseFunctions } from './assembly-source.mjs';
import { inlineWorker } from './inline-worker.mjs';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-generated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('inlineWorker', () => {
  test('writes a worker and its imports as text that Node runs', async () => {
    mkdirSync(join(folder, 'src'));
    writeFileSync(
      join(folder, 'src/quote.ts'),
      // Backslash, placeholder and backtick: all that a template literal escapes.
      `export const quote = (text: string): string => \`\\\\\${text}\\\`\`;`,
    );
    writeFileSync(
      join(folder, 'src/thread.ts'),
      `import { parentPort, workerData } from 'node:worker_threads';
       import { quote } from './quote.js';
       export interface ThreadData { text: string }
       const { text }: ThreadData = workerData;
       parentPort?.postMessage([quote(text), 'text' in globalThis]);`,
    );
    const script = pathToFileURL(join(folder, 'scripts/build-workers.mjs'));
    await inlineWorker(script, { entry: 'src/thread.ts', output: 'src/thread.generated.mjs' });
    const { workerSource } = await import(
      /* @vite-ignore */ pathToFileURL(join(folder, 'src/thread.generated.mjs')).href
    );
    const worker = new Worker(workerSource, { eval: true, workerData: { text: `\${x}` } });
    const message = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(message).toEqual([`\\\${x}\``, false]);
  });
});

describe('kernelInterface and parseFunctions', () => {
  const files: Record<string, string> = {
    'entry.ts': `export { twice } from './twice';
export * from './sum';
export const WIDTH: i32 = 4;`,
    'twice.ts': `// Not a doc comment.
/** y = 2·x. */
export function twice(x: usize, count: i32, y: usize): void { store<f32>(y, load<f32>(x) * <f32>count); }`,
    'sum.ts': `/** Returns a + b, not \`/** c *\`. */
@inline
export function sumOf(a: f32, b: f32 = 0): f32 { return a + b; }

export function sum(a: f32, b: f32): f32 { return sumOf(a, b); }`,
  };

  async function interfaceOf(sources: Record<string, string>): Promise<string> {
    let types = '';
    const { error } = await asc.main(['entry.ts', '--runtime', 'stub', '--outFile', 'out.wasm'], {
      readFile: (name) => sources[name] ?? null,
      writeFile: () => {},
      transforms: [
        {
          afterInitialize: (program: unknown) => {
            types = kernelInterface(program, 'entry.ts');
          },
        },
      ] as never,
    });
    if (error) throw error;
    return types;
  }

  test('writes exports as a TypeScript interface with their doc comments', async () => {
    expect(await interfaceOf(files)).toBe(`/** The exports of entry.ts. */
export interface Kernels {
  readonly WIDTH: { readonly value: number };
  /** y = 2·x. */
  twice(x: Pointer, count: number, y: Pointer): void;
  /** Returns a + b, not \`/** c *\`. */
  sumOf(a: number, b: number): number;
  sum(a: number, b: number): number;
}
`);
  });

  test('refuses an export whose type JavaScript does not have', async () => {
    const vector = { 'entry.ts': 'export function zero(): v128 { return i32x4.splat(0); }' };
    await expect(interfaceOf(vector)).rejects.toThrow('entry.ts: zero has the type v128');
  });

  test('lists the functions of a file with their optional parameters', () => {
    const functions = parseFunctions(files['sum.ts'], 'sum.ts');
    expect([...functions.keys()]).toEqual(['sumOf', 'sum']);
    expect(functions.get('sumOf')).toEqual({
      doc: '/** Returns a + b, not `/** c *`. */\n',
      parameters: [
        { name: 'a', type: 'f32', isOptional: false },
        { name: 'b', type: 'f32', isOptional: true },
      ],
      returnType: 'f32',
    });
  });
});
