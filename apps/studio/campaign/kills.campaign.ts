/** Kills the page and the browser in mid-training, 20 times at random moments. UNITSPHERE_KILLS sets the number. */
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@unitsphere/core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executablePath, QUIET } from '../test/chromium.js';
import { downloadModel, ended, restored, trainWithKills } from '../test/killed-training.js';
import { buildStudio, type StudioServer, serveStudio } from '../test/studio-server.js';

const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 20);
const SEED = 31;
/** A life is at most this long after the training goes on, in milliseconds. */
const LONGEST = 5000;
const STEPS = 12 * KILLS;
const QUERY = new URLSearchParams([
  ['preset', 'default'],
  ['backend', 'wasm'],
  ...[
    `training.steps=${STEPS}`,
    'training.batchSize=16',
    'training.logEvery=1',
    'training.validateEvery=16',
    'training.checkpointEvery=3',
    'data.identities=40',
    'data.imageSize=64',
    'data.workers=1',
    'data.split={train: 0.6, validation: 0.2, test: 0.2}',
  ].map((setting) => ['set', setting]),
]);

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-studio-'));
let server: StudioServer;

beforeAll(async () => {
  await buildStudio(join(folder, 'page'));
  server = await serveStudio(join(folder, 'page'));
});
afterAll(() => {
  server?.close();
  // The browser may still write its profile.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
});

const launch = (profile: string) =>
  chromium.launchPersistentContext(profile, {
    executablePath,
    args: QUIET,
  });

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${server.address}?${QUERY}`);
  return page;
}

test(`has the losses of an undisturbed training after ${KILLS} kills`, async () => {
  const calm = await launch(join(folder, 'calm'));
  const undisturbed = await open(calm);
  await restored(undisturbed);
  await undisturbed.click('#start');
  await ended(undisturbed);
  const { losses: expected } = await downloadModel(undisturbed);
  await calm.close();
  expect(expected.length).toBe(STEPS);

  const profile = join(folder, 'killed');
  const random = new Random(SEED);
  const waits = Array.from({ length: KILLS }, () => {
    const milliseconds = random.uniform(0, LONGEST);
    return (page: Page) => page.waitForTimeout(milliseconds);
  });
  let context: BrowserContext | undefined;
  let kills = 0;
  const { page, resumedAt } = await trainWithKills(
    {
      open: async () => {
        context ??= await launch(profile);
        return open(context);
      },
      kill: async (page) => {
        // Every other time, the whole browser dies.
        if (kills++ % 2 === 0) return page.close();
        const browser = Number(readlinkSync(join(profile, 'SingletonLock')).split('-').at(-1));
        const closed = context?.waitForEvent('close');
        process.kill(browser, 'SIGKILL');
        await closed;
        context = undefined;
        rmSync(join(profile, 'SingletonLock'), { force: true });
      },
    },
    waits,
  );
  const { losses } = await downloadModel(page);
  await context?.close();
  console.log(`${KILLS} kills; resumed from steps ${resumedAt.join(', ')} of ${STEPS}`);
  expect(losses).toEqual(expected);
  expect(resumedAt.length).toBe(KILLS + 1);
});
