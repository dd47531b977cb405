import { readFileSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import type { Page } from 'playwright-core';

/** Waits until the page has brought the project back. */
export async function restored(page: Page): Promise<void> {
  await page.waitForSelector('body[data-restored]', { timeout: 120_000 });
}

/** Waits until everything is stored in the browser. */
export async function saved(page: Page): Promise<void> {
  await page.waitForSelector('body[data-saved=saved]');
}

/** Waits until no training runs. */
export async function ended(page: Page): Promise<void> {
  await page.waitForSelector('body[data-state=idle]', { timeout: 240_000 });
}

/** Downloads the model of step Take away. @returns Its name, its files without the folder, and the losses of its metrics. */
export async function downloadModel(page: Page) {
  await page.click('#steps a[href="#take"]');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#model')]);
  const entries = Object.entries(unzipSync(readFileSync(await download.path())));
  const files = Object.fromEntries(entries.map(([name, bytes]) => [name.split('/')[1], bytes]));
  const lines = strFromU8(files['metrics.jsonl']).trim().split('\n');
  const losses = lines.flatMap((line) => JSON.parse(line).loss ?? []) as number[];
  return { name: download.suggestedFilename(), files, losses };
}

/** A browser that keeps its storage when it is opened again. */
export interface Lives {
  /** Opens the page. @param isFirst Whether the training is to be started. */
  open(isFirst: boolean): Promise<Page>;
  /** Ends the page at once, as a crash does. */
  kill(page: Page): Promise<void>;
}

/**
 * Trains to the end with kills at random moments. After each, the page is opened again, and resumes from what it stored; from the
 * start if that is nothing.
 * @param waits Each waits for the moment of a kill, from the start or the resume on.
 * @returns The page at the end, and the step from which each life went on.
 */
export async function trainWithKills(
  { open, kill }: Lives,
  waits: readonly ((page: Page) => Promise<unknown>)[],
): Promise<{ page: Page; resumedAt: number[] }> {
  const resumedAt: number[] = [];
  for (let life = 0; ; life++) {
    const page = await open(life === 0);
    await restored(page);
    if (await page.isVisible('#resume')) {
      resumedAt.push(Number(/\d+/.exec(await page.innerText('#resume'))?.[0]));
      await page.click('#resume');
    } else {
      if ((await page.innerText('#phase').catch(() => '')) === 'Done') {
        throw new Error(`The training ended after ${life} of ${waits.length} kills; give it more steps.`);
      }
      resumedAt.push(0);
      await page.click('#start');
    }
    if (life === waits.length) {
      await ended(page);
      return { page, resumedAt };
    }
    await waits[life](page);
    await kill(page);
  }
}
