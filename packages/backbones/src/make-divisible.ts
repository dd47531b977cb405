/**
 * Returns the nearest multiple of the divisor that keeps at least 90 % of the channels. The MobileNet family rounds widths
 * this way, as timm's make_divisible.
 */
export function makeDivisible(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}
