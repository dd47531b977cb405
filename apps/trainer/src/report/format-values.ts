// Formats numbers and dates for reports, in English.

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Formats a number as an integer with thousands separators: "1,234". */
export function formatCount(value: number): string {
  return integer.format(value);
}

/** Formats a fraction as a percentage with a narrow no-break space. It never rounds up to 100 % or down to 0 %. */
export function formatPercent(share: number, digits = 1): string {
  const step = 10 ** -digits;
  const percent = share * 100;
  if (share > 0 && percent < step / 2) return `<\u2009${step.toFixed(digits)}\u202f%`;
  if (share < 1 && percent > 100 - step / 2) return `>\u2009${(100 - step).toFixed(digits)}\u202f%`;
  return `${percent.toFixed(digits)}\u202f%`;
}

/** Formats a false positive rate: "1 in 1,000". */
export function formatRate(fpr: number): string {
  const one = 1 / fpr;
  return Math.abs(one - Math.round(one)) < 1e-6 * one ? `1 in ${formatCount(one)}` : formatPercent(fpr, 3);
}

/** Formats a cosine with three decimals. The minus is U+2212. */
export function formatCosine(value: number): string {
  return value.toFixed(3).replace('-', '\u2212');
}

/** Formats a duration: "4.2 s", "8 min", "1 h 5 min". */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}\u202fs`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}\u202fmin`;
  const hours = Math.floor(minutes / 60);
  return `${hours}\u202fh ${minutes % 60}\u202fmin`;
}

/** Formats a number with three significant digits, as an integer from 1000, and with an exponent below 1e-5. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return formatCount(value);
  if (size < 1e-5) return value.toExponential(1).replace('-', '\u2212').replace('.0e', 'e');
  return String(Number(value.toPrecision(3)));
}

/** Formats an ISO date as "4 November 2026, 09:30 UTC". Returns other text unchanged. */
export function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const text = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${text.format(date).replace(' at ', ', ')} UTC`;
}

/** The kinds of pairs of a verification, in words. */
export const PAIR_KINDS = { real: 'real pairs', augmented: 'augmented copies of one image each' };
