/** Runs the examples of a package's README. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';

/** Returns the code of every ```ts block, in order. */
export function codeBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\r?\n(.*?)^```/gms)].map((match) => match[1]);
}

/**
 * Runs every ```ts block of the README in a package's folder. Each block runs unchanged, with its types stripped, as an ES
 * module in its own Node process and imports the built packages.
 * @param folder The package's folder: `new URL('..', import.meta.url)` in a test.
 * @returns The standard output of each block.
 * @throws Error with the block and its error output if a block throws, or if there is no block.
 */
export async function runReadmeExamples(folder: URL): Promise<string[]> {
  const blocks = codeBlocks(await readFile(new URL('README.md', folder), 'utf8'));
  if (blocks.length === 0) throw new Error(`${fileURLToPath(folder)}README.md has no \`\`\`ts block.`);
  const printed: string[] = [];
  for (const block of blocks) {
    const { code } = await transform(block, { loader: 'ts', format: 'esm', target: 'es2022' });
    // The file lies inside the folder, so that imports resolve from there.
    const file = fileURLToPath(new URL(`.readme-example-${randomUUID()}.mjs`, folder));
    try {
      await writeFile(file, code);
      printed.push(
        (await promisify(execFile)(process.execPath, [file], { cwd: fileURLToPath(folder) })).stdout,
      );
    } catch (error) {
      throw new Error(
        `A README example failed:\n${block}\n${(error as { stderr?: string }).stderr ?? error}`,
      );
    } finally {
      await rm(file, { force: true });
    }
  }
  return printed;
}
