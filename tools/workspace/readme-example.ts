/** Runs the examples of a package's README, so that they stay true. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';

/** The code of every ```ts block, in order. */
export function codeBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\r?\n(.*?)^```/gms)].map((match) => match[1]);
}

/**
 * Runs every ```ts block of the README in a package's folder as it stands: as an ES module in a Node process of its own,
 * with the packages as they are built, its types stripped.
 * @param folder The package's folder: `new URL('..', import.meta.url)` in a test.
 * @returns What each block printed.
 * @throws Error with the block and its error output when one throws, or when there is no block.
 */
export async function runReadmeExamples(folder: URL): Promise<string[]> {
  const blocks = codeBlocks(await readFile(new URL('README.md', folder), 'utf8'));
  if (blocks.length === 0) throw new Error(`${fileURLToPath(folder)}README.md has no \`\`\`ts block.`);
  const printed: string[] = [];
  for (const block of blocks) {
    const { code } = await transform(block, { loader: 'ts', format: 'esm', target: 'es2022' });
    // Inside the folder, so that imports are found from there.
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
