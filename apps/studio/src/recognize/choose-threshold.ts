import type { MeasuredThresholds } from '@unitsphere/models';
import type { AcceptRate, Calibration } from '@unitsphere/recognition';

/** The threshold of a gallery, the rate of strangers that it accepts, and the data of its measurement. */
export interface ChosenThreshold {
  readonly threshold: number;
  readonly margin: number;
  /** Share of strangers that the whole gallery accepts. */
  readonly rate: number;
  /** 95 % interval of the rate; undefined for the thresholds of the shipped model. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** Measured on the gallery's own identities, or on those of the shipped model. */
  readonly source: 'gallery' | 'shipped';
  /** Number of identities that it was measured on. */
  readonly identities: number;
  /** What the shipped model was measured on. */
  readonly measuredOn?: string;
  /** Number of identities from which the gallery's own are enough. */
  readonly required: number;
  /** Whether the gallery's identities resemble each other more than the shipped model's threshold allows. */
  readonly isContradicted: boolean;
  readonly warnings: readonly string[];
}

/**
 * Returns the number of identities that measure a rate of accepted strangers: n identities count as n / 2 strangers, of which three
 * are expected above the threshold.
 */
export function requiredIdentities(falseAcceptRate: number): number {
  return Math.ceil(6 / falseAcceptRate);
}

/** The shipped threshold is not used if it accepts this many times the wanted rate of the gallery's own identities. */
const CONTRADICTION = 3;

/** A gallery whose threshold is chosen. */
export interface ThresholdChoice {
  readonly identities: number;
  readonly falseAcceptRate: number;
  /** The gallery's own calibration; undefined if it has too few identities for one. */
  readonly own: Calibration | undefined;
  /** Estimates from the gallery's own identities which share of strangers it accepts at a threshold. */
  acceptRateAt(threshold: number): AcceptRate | undefined;
  /** Thresholds of the model that the network is, or was trained from; undefined for another network. */
  readonly shipped: MeasuredThresholds | undefined;
}

/**
 * Chooses the threshold of a gallery: that of its own identities if they are enough to measure it or nothing else is known, else
 * that of the shipped model. The own threshold of a few identities can be above most scores of the same identity, so that known
 * ones are rejected. The own one is used all the same if the own identities contradict the shipped one: if they resemble each other
 * so much that the shipped threshold accepts three times the wanted rate of them.
 * @returns Undefined if no threshold is known.
 */
export function chooseThreshold({
  identities,
  falseAcceptRate,
  own,
  acceptRateAt,
  shipped,
}: ThresholdChoice): ChosenThreshold | undefined {
  const required = requiredIdentities(falseAcceptRate);
  let isContradicted = false;
  if (shipped && identities > 0 && identities < required) {
    const { threshold, falsePositiveRate } = thresholdAt(shipped, falseAcceptRate / identities);
    isContradicted = (acceptRateAt(threshold)?.rate ?? 0) > CONTRADICTION * falseAcceptRate;
    if (!isContradicted) {
      return {
        threshold,
        margin: 0,
        rate: Math.min(1, falsePositiveRate * identities),
        source: 'shipped',
        identities: shipped.cards,
        measuredOn: shipped.measuredOn,
        required,
        isContradicted,
        // Those of identities that look like one; the others are about the own threshold.
        warnings: own ? own.warnings.slice(0, own.duplicates.length) : [],
      };
    }
  }
  if (!own) return undefined;
  const { threshold, margin, rate, interval, strangers, warnings } = own;
  return {
    threshold,
    margin,
    rate,
    interval,
    source: 'gallery',
    identities: strangers,
    required,
    isContradicted,
    warnings,
  };
}

/** Interpolates a threshold by the logarithm of the rate. Rates outside the measured ones become the closest one. */
function thresholdAt({ thresholds }: MeasuredThresholds, rate: number) {
  const points = [...thresholds].sort((a, b) => b.falsePositiveRate - a.falsePositiveRate);
  const [first, last] = [points[0], points[points.length - 1]];
  if (rate >= first.falsePositiveRate) return first;
  if (rate <= last.falsePositiveRate) return last;
  const next = points.findIndex(({ falsePositiveRate }) => falsePositiveRate <= rate);
  const [a, b] = [points[next - 1], points[next]];
  const part = Math.log(rate / a.falsePositiveRate) / Math.log(b.falsePositiveRate / a.falsePositiveRate);
  return { falsePositiveRate: rate, threshold: a.threshold + part * (b.threshold - a.threshold) };
}
