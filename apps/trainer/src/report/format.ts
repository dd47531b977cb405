/** Numbers in the words and figures a reader expects. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function formatCount(value: number): string {
  return whole.format(value);
}

/** A share as a percentage with a narrow no-break space. Never rounds up to 100 % nor down to 0 %. */
export function formatPercent(share: number, digits = 1): string {
  const step = 10 ** -digits;
  const percent = share * 100;
  if (share > 0 && percent < step / 2) return `<\u2009${step.toFixed(digits)}\u202f%`;
  if (share < 1 && percent > 100 - step / 2) return `>\u2009${(100 - step).toFixed(digits)}\u202f%`;
  return `${percent.toFixed(digits)}\u202f%`;
}

/** A false positive rate in words: "1 in 1,000". */
export function formatRate(fpr: number): string {
  const one = 1 / fpr;
  return Math.abs(one - Math.round(one)) < 1e-6 * one ? `1 in ${formatCount(one)}` : formatPercent(fpr, 3);
}

/** A cosine with a true minus sign. */
export function formatCosine(value: number): string {
  return value.toFixed(3).replace('-', '\u2212');
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}\u202fs`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}\u202fmin`;
  const hours = Math.floor(minutes / 60);
  return `${hours}\u202fh ${minutes % 60}\u202fmin`;
}

/** A few significant digits, without an exponent where it can be avoided. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return formatCount(value);
  if (size < 1e-5) return value.toExponential(1).replace('-', '\u2212').replace('.0e', 'e');
  return String(Number(value.toPrecision(3)));
}

/** "4 November 2026, 09:30 UTC", or the text itself when it is no date. */
export function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const text = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${text.format(date).replace(' at ', ', ')} UTC`;
}
