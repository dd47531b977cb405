"""Writes packages/verification/test/golden/statistics.json: SciPy's results for small comparisons of runs.

Run from the repository root with Python 3 and `pip install numpy scipy`:
    python tools/golden/statistics.py
"""

import sys
from pathlib import Path

# SciPy imports the standard module `statistics`, so this file must not be on the path.
sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != Path(__file__).parent.resolve()]

import itertools
import json
import math

import numpy as np
import scipy
from scipy import stats


def summary(values, confidence):
    low, high = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    return {
        "values": list(values),
        "confidence": confidence,
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)),
        "interval": {"low": float(low), "high": float(high)},
    }


def exact_bootstrap(values, confidence):
    """Enumerates all resamples and computes BCa over them by SciPy's formulas."""
    values = np.asarray(values)
    n = len(values)
    # Sums weighted by multiplicity, so that resamples with equal multiplicities have equal sums.
    index = np.array(list(itertools.product(range(n), repeat=n)))
    times = np.stack([(index == k).sum(axis=1) for k in range(n)], axis=1)
    means = np.sort(np.round(times @ values / n, 13))
    tail = (1 - confidence) / 2
    mean = round(values.mean(), 13)
    standing = (np.mean(means < mean) + np.mean(means <= mean)) / 2
    z0 = stats.norm.ppf(standing)
    jackknife = np.array([np.delete(values, k).mean() for k in range(n)])
    u = jackknife.mean() - jackknife
    a = np.sum(u**3) / (6 * np.sum(u**2) ** 1.5)
    z = z0 + stats.norm.ppf([tail, 1 - tail])
    moved = stats.norm.cdf(z0 + z / (1 - a * z))
    percentile = np.quantile(means, [tail, 1 - tail], method="inverted_cdf")
    bca = np.quantile(means, moved, method="inverted_cdf")
    return {
        "values": values.tolist(),
        "confidence": confidence,
        "percentile": {"low": float(percentile[0]), "high": float(percentile[1])},
        "bca": {"low": float(bca[0]), "high": float(bca[1])},
    }


def random_bootstrap(values, confidence):
    out = {"values": list(values), "confidence": confidence}
    for name, method in (("percentile", "percentile"), ("bca", "BCa")):
        interval = stats.bootstrap(
            (values,), np.mean, confidence_level=confidence, n_resamples=200_000, method=method,
            rng=np.random.default_rng(5), batch=10_000,
        ).confidence_interval
        out[name] = {"low": float(interval.low), "high": float(interval.high)}
    return out


def power(effect, n, alpha):
    critical = stats.t.ppf(1 - alpha / 2, n - 1)
    shift = effect * math.sqrt(n)
    return float(stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift))


def seeds(mean, std, alpha, wanted):
    n = 2
    while power(abs(mean) / std, n, alpha) < wanted:
        n += 1
    return n


def main():
    rng = np.random.default_rng(8)
    few = [0.912, 0.934, 0.921]
    golden = {
        "madeWith": {"numpy": np.__version__, "scipy": scipy.__version__},
        "summaries": [
            summary(few, 0.95),
            summary(few[:2], 0.99),
            summary([round(float(v), 4) for v in rng.normal(0.8, 0.03, 10)], 0.9),
            summary([round(float(v), 4) for v in rng.normal(1e3, 5, 40)], 0.95),
        ],
        "paired": [],
        "exactBootstrap": [
            exact_bootstrap(few, 0.95),
            exact_bootstrap([round(float(v), 4) for v in rng.exponential(0.1, 5)], 0.9),
            exact_bootstrap([round(float(v), 4) for v in rng.normal(-0.2, 0.3, 7)], 0.95),
        ],
        "randomBootstrap": [
            random_bootstrap([round(float(v), 4) for v in rng.normal(0.1, 0.2, 20)], 0.95),
            random_bootstrap([round(float(v), 4) for v in rng.exponential(1, 30)], 0.9),
        ],
        "power": [
            {"effect": effect, "n": n, "alpha": alpha, "power": power(effect, n, alpha)}
            for effect, n, alpha in [(0.5, 34, 0.05), (1.2, 5, 0.05), (3, 3, 0.05), (0.1, 900, 0.01), (2, 2, 0.05)]
        ],
        "seeds": [
            {"mean": mean, "std": std, "alpha": alpha, "power": wanted, "seeds": seeds(mean, std, alpha, wanted)}
            for mean, std, alpha, wanted in [
                (0.01, 0.02, 0.05, 0.8), (-0.03, 0.01, 0.05, 0.8), (0.002, 0.04, 0.05, 0.8), (1, 1, 0.01, 0.9),
            ]
        ],
        "holm": [],
    }
    for n, shift in [(3, 0.02), (5, 0.0), (12, 0.015), (4, 1.0)]:
        base = np.round(rng.normal(0.85, 0.02, n), 4)
        arm = np.round(base + rng.normal(shift, 0.01, n), 4)
        test = stats.ttest_rel(arm, base)
        golden["paired"].append({"base": base.tolist(), "arm": arm.tolist(), "pValue": float(test.pvalue)})
    for p in [[0.01, 0.04, 0.03, 0.005], [0.5, 0.6, 0.7], [0.02], [0.012, 0.011, 0.011]]:
        # Holm's definition: the k-th smallest times the number of remaining tests, and at least the previous result.
        order = np.argsort(p, kind="stable")
        running = np.maximum.accumulate([min(1.0, (len(p) - k) * p[i]) for k, i in enumerate(order)])
        adjusted = np.empty(len(p))
        adjusted[order] = running
        golden["holm"].append({"pValues": p, "adjusted": adjusted.tolist()})
    out = Path("packages/verification/test/golden/statistics.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
