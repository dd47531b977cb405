import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { drawPlotFiles, writePlotFiles } from '../src/plot-files/draw-plot-files.js';
import { reportFigures } from '../src/report/index.js';
import { LIGHT } from '../src/report/palette.js';
import { plotSvg } from '../src/report/plot-file.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';
import { reportFixture } from './report-fixture.js';

const folder = useTemporaryFolder();
const figures = reportFigures(reportFixture());

describe('plotSvg and drawPlotFiles', () => {
  test('render standalone files with title, description, key and colors', () => {
    for (const figure of figures) {
      const svg = plotSvg(figure);
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" role="img" width="720" height="\d+"/);
      expect(svg).toContain(`<title>${figure.title}</title>`);
      expect(svg).not.toMatch(/var\(|undefined|NaN|dominant-baseline/);
      expect(svg.match(/<svg /g)).toHaveLength(2);
      for (const { label } of figure.key) expect(svg).toContain(`>${label}</text>`);
      expect(plotSvg(figure)).toBe(svg);
    }
  });

  test('write SVG and PNG with the same content', async () => {
    const { plots, problem } = await drawPlotFiles(figures);
    expect(problem).toBeUndefined();
    await writePlotFiles(folder(), plots);
    const names = figures.flatMap(({ plot }) => [`${plot.id}.png`, `${plot.id}.svg`]).sort();
    expect(readdirSync(join(folder(), 'plots')).sort()).toEqual(names);
    const svg = readFileSync(join(folder(), 'plots/roc.svg'), 'utf8');
    const height = Number(/height="(\d+)"/.exec(svg)![1]);
    const image = sharp(join(folder(), 'plots/roc.png'));
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 1440, height: 2 * height, channels: 3 });
    const near = (color: string) => {
      const want = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
      let count = 0;
      for (let i = 0; i < data.length; i += 3) {
        if (want.every((value, c) => Math.abs(data[i + c] - value) < 8)) count++;
      }
      return count;
    };
    // Pixels of the trained curve, the untrained curve, the title and the axis labels.
    expect(near(LIGHT.trained)).toBeGreaterThan(1500);
    expect(near(LIGHT.untrained)).toBeGreaterThan(300);
    expect(near(LIGHT.ink)).toBeGreaterThan(1500);
    expect(near(LIGHT.muted)).toBeGreaterThan(500);
    expect(near('#ffffff')).toBeGreaterThan(0.8 * 1440 * 2 * height);
  });

  test('write the formats asked for, and nothing for none', async () => {
    const { plots } = await drawPlotFiles(figures.slice(0, 1), ['png']);
    expect(Object.keys(plots[0]).sort()).toEqual(['name', 'png']);
    await writePlotFiles(folder(), plots);
    expect(readdirSync(join(folder(), 'plots'))).toEqual(['roc.png']);
    expect((await drawPlotFiles(figures, ['svg'])).plots[0]).toEqual({
      name: 'roc',
      svg: plotSvg(figures[0]),
    });
    expect(await drawPlotFiles(figures, [])).toEqual({ plots: [] });
  });

  test('write only SVG and report the reason without a canvas library', async () => {
    vi.doMock('@napi-rs/canvas', () => {
      throw new Error('no binary for this machine');
    });
    vi.resetModules();
    const { drawPlotFiles: draw } = await import('../src/plot-files/draw-plot-files.js');
    const { plots, problem } = await draw(figures.slice(0, 1));
    expect(plots).toEqual([{ name: 'roc', svg: plotSvg(figures[0]) }]);
    expect(problem).toMatch(/^The plots are SVG files only: /);
    vi.doUnmock('@napi-rs/canvas');
    await writePlotFiles(folder(), plots);
    expect(existsSync(join(folder(), 'plots/roc.png'))).toBe(false);
  });
});
