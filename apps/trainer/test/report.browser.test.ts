import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../src/report/index.js';
import { reportFixture } from './report-fixture.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const isInstalled = existsSync(executablePath);
if (!isInstalled) {
  const reason = `There is no browser at ${executablePath}; install Chromium or set CHROMIUM_PATH.`;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`Skipping the report's browser test. ${reason}`);
}

describe.skipIf(!isInstalled)('a report in a browser', () => {
  let browser: Browser;
  let folder: string;
  let address: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'report-'));
    const file = join(folder, 'report.html');
    writeFileSync(file, renderReport(reportFixture()));
    address = pathToFileURL(file).href;
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    width: number,
    colorScheme: 'light' | 'dark',
  ): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      const url = request.url();
      if (url !== address && !url.startsWith('data:')) problems.push(`request: ${url}`);
    });
    await page.goto(address, { waitUntil: 'load' });
    return { page, problems };
  }

  for (const width of [1200, 375]) {
    for (const scheme of ['light', 'dark'] as const) {
      test(`draws every plot and fits at ${width} pixels, ${scheme}`, async () => {
        const { page, problems } = await open(width, scheme);
        const plots = await page.locator('[data-plot]').evaluateAll((figures) =>
          figures.map((figure) => {
            const shown = Array.from(figure.querySelectorAll('svg')).filter(
              (svg) => svg.getBoundingClientRect().width > 0,
            );
            const lines = shown
              .flatMap((svg) => Array.from(svg.querySelectorAll('path')))
              .filter((path) =>
                // Only the lines of the data have these colors; axes and rules have others.
                /--(trained|untrained|different|rate-\d)/.test(path.getAttribute('stroke') ?? ''),
              );
            const boxes = lines.map((path) => path.getBoundingClientRect());
            return {
              id: (figure as HTMLElement).dataset.plot,
              drawings: shown.length,
              width: Math.max(0, ...boxes.map((box) => box.width)),
              height: Math.max(0, ...boxes.map((box) => box.height)),
              font: Math.min(
                ...shown.flatMap((svg) =>
                  Array.from(svg.querySelectorAll('text')).map((text) => text.getBoundingClientRect().height),
                ),
              ),
              color: lines.length > 0 ? getComputedStyle(lines[0]).stroke : '',
            };
          }),
        );
        expect(plots.map((plot) => plot.id)).toEqual([
          'roc',
          'histogram',
          'validation',
          'held-out',
          'loss',
          'learning-rate',
          'margin',
          'scale',
          'gradient-norm',
          'throughput',
        ]);
        for (const plot of plots) {
          expect(plot.drawings, plot.id).toBe(1);
          expect(plot.width, `${plot.id}: width of its lines`).toBeGreaterThan(200);
          expect(plot.height, `${plot.id}: height of its lines`).toBeGreaterThan(30);
          expect(plot.font, `${plot.id}: height of its smallest text`).toBeGreaterThan(9);
          expect(plot.color, plot.id).toMatch(/^rgb\(/);
        }
        const images = await page
          .locator('img')
          .evaluateAll((list) => list.map((img) => (img as HTMLImageElement).naturalWidth));
        expect(images.length).toBeGreaterThan(30);
        expect(Math.min(...images)).toBeGreaterThan(0);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        const [background, ink] = await page.evaluate(() => {
          const style = getComputedStyle(document.body);
          return [style.backgroundColor, style.color].map((c) => Number(/\d+/.exec(c)![0]));
        });
        expect(background > ink).toBe(scheme === 'light');
        expect(problems).toEqual([]);
        await page.close();
      }, 30_000);
    }
  }

  test('opens the configuration on click', async () => {
    const { page } = await open(1200, 'light');
    expect(await page.locator('#config pre').isVisible()).toBe(false);
    await page.locator('#config summary').click();
    expect(await page.locator('#config pre').textContent()).toContain('type: cosface');
    await page.close();
  }, 30_000);
});
