import type { Random } from '@unitsphere/core/random';
import { hex, mix, type Rgb } from '../drawing/color.js';

/** The colors of a document. */
export interface Palette {
  /** Unprinted background: white, cream or a light tint. */
  readonly paper: Rgb;
  /** Body text: near-black with a hint of the primary color. */
  readonly ink: Rgb;
  readonly primary: Rgb;
  readonly secondary: Rgb;
  readonly accent: Rgb;
}

/** Primary, secondary, accent. The pool is shared, so that color alone does not identify a document. */
const pool = [
  ['#1b3a6b', '#5b8bc9', '#d9a441'],
  ['#0f6b6b', '#63b8ad', '#e4745c'],
  ['#7a1f33', '#c5727f', '#d8b36a'],
  ['#24583a', '#7fb08a', '#d9a514'],
  ['#54307f', '#a685cf', '#e07aa6'],
  ['#37474f', '#90a4ae', '#f0803c'],
  ['#1576a8', '#84c5e6', '#17325e'],
  ['#6b6a22', '#b7b567', '#b3502a'],
  ['#b0202f', '#e08a8f', '#4d5560'],
  ['#12825a', '#6fd0a5', '#b7d334'],
  ['#303f9f', '#8c9be0', '#25b7d3'],
  ['#5d4031', '#b49378', '#3a7f8c'],
  ['#22262e', '#717986', '#c9a24a'],
  ['#96456f', '#dba3c1', '#4c2a63'],
  ['#0a8ea0', '#8ddbe0', '#f2b91d'],
  ['#455a75', '#a9bace', '#cf3b33'],
  ['#2d5d2b', '#93c47d', '#7a4b2a'],
  ['#a43a0f', '#eba777', '#26466d'],
  ['#3c3f8f', '#b3a6df', '#e9577d'],
  ['#8a5a17', '#ddb878', '#36594f'],
  ['#006d77', '#a9d6d5', '#ee8959'],
  ['#c2185b', '#f29bbd', '#3a3f6b'],
  ['#404a1d', '#a5b06a', '#d2691e'],
  ['#1d4e89', '#9cc3e4', '#f26430'],
  ['#5b2333', '#b98b8b', '#6d8a96'],
  ['#d14a28', '#f5b48b', '#2a4d5c'],
  ['#2f2a5c', '#7d79b8', '#e2c044'],
  ['#137547', '#8fd0a8', '#b23a48'],
].map((colors) => colors.map(hex));

const papers = ['#ffffff', '#ffffff', '#fdfbf5', '#fbf6e6', '#f4f1e8', '#f2f6fa', '#f6faf3', '#faf1f1'].map(
  hex,
);

/** Draws a palette and a paper color from the pools. */
export function drawPalette(random: Random): Palette {
  const [primary, secondary, accent] = random.pick(pool);
  const paper = mix(random.pick(papers), secondary, random.boolean(0.4) ? random.uniform(0.04, 0.16) : 0);
  return { paper, primary, secondary, accent, ink: mix([22, 24, 30], primary, random.uniform(0, 0.35)) };
}

/** Returns the palette with slightly shifted colors, as from another printer. */
export function shiftPalette(palette: Palette, random: Random, amount: number): Palette {
  const shift = ([r, g, b]: Rgb): Rgb => {
    const light = random.uniform(-amount, amount);
    const move = (v: number) => Math.max(0, Math.min(255, v + light + random.uniform(-amount, amount) * 0.6));
    return [move(r), move(g), move(b)];
  };
  return {
    paper: palette.paper,
    ink: palette.ink,
    primary: shift(palette.primary),
    secondary: shift(palette.secondary),
    accent: shift(palette.accent),
  };
}
