/** Red, green and blue, each 0 … 255. */
export type Rgb = readonly [number, number, number];

/** Formats a color for CSS, with the opacity if `alpha` is below 1. */
export function css(color: Rgb, alpha = 1): string {
  const [r, g, b] = color;
  const bytes = `${Math.round(r)}, ${Math.round(g)}, ${Math.round(b)}`;
  return alpha >= 1 ? `rgb(${bytes})` : `rgba(${bytes}, ${alpha.toFixed(3)})`;
}

/** Interpolates from one color (amount 0) to another (amount 1). */
export function mix(from: Rgb, to: Rgb, amount: number): Rgb {
  return [
    from[0] + (to[0] - from[0]) * amount,
    from[1] + (to[1] - from[1]) * amount,
    from[2] + (to[2] - from[2]) * amount,
  ];
}

export const white: Rgb = [255, 255, 255];
export const black: Rgb = [0, 0, 0];

/** Returns the perceived brightness, 0 (black) … 1 (white), with ITU-R BT.601's weights. */
export function brightness([r, g, b]: Rgb): number {
  return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
}

/** Parses a color of the form #rrggbb. */
export function hex(text: string): Rgb {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Returns the color of a hue (degrees), saturation and lightness (0 … 1). */
export function hsl(hue: number, saturation: number, lightness: number): Rgb {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return 255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Returns white or near-black, whichever reads better on a background color. */
export function readableOn(ground: Rgb): Rgb {
  return brightness(ground) > 0.58 ? [24, 26, 32] : white;
}

/** Returns the color if it contrasts with the background, otherwise the fallback. */
export function legible(color: Rgb, ground: Rgb, fallback: Rgb): Rgb {
  return Math.abs(brightness(color) - brightness(ground)) > 0.3 ? color : fallback;
}
