"""Writes packages/verification/test/golden.json: results of scikit-learn and SciPy for small cases.

Run from the repository root with Python 3 and `pip install numpy scikit-learn scipy`:
    python tools/golden/verification.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.stats import binomtest, norm
from sklearn.metrics import roc_auc_score, roc_curve

FPRS = [1e-1, 1e-2, 1e-3]


def summary(scores, positive):
    fpr, tpr, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    rows = []
    for target in FPRS:
        best = tpr[fpr <= target].max()
        # The strictest threshold that reaches the best TPR.
        at = int(np.flatnonzero((fpr <= target) & (tpr == best))[0])
        rows.append(
            {
                "fpr": target,
                "tpr": float(best),
                "threshold": float(thresholds[at]) if np.isfinite(thresholds[at]) else None,
                "falseAccepts": int(np.sum((scores >= thresholds[at]) & ~positive)),
            }
        )
    return {"auroc": float(roc_auc_score(positive, scores)), "tprAtFpr": rows}


def exact_rows(rng, count, dimensions, bits):
    """Returns unit rows of multiples of 2^-bits, whose inner products are exact in float32 in any order of summation."""
    square = 4**bits
    roots = {k * k: k for k in range(2**bits + 1)}
    rows = []
    while len(rows) < count:
        row = np.round(rng.normal(size=dimensions - 2) * 2**bits / np.sqrt(dimensions)).astype(np.int64)
        rest = square - int(row @ row)
        # Adds two entries that make the length 1, if the rest is a sum of two squares.
        for a in range(int(max(rest, 0) ** 0.5) + 1):
            b = roots.get(rest - a * a)
            if b is not None:
                rows.append([*row.tolist(), a * int(rng.choice([-1, 1])), b])
                break
    return np.asarray(rows)


def main():
    rng = np.random.default_rng(2026)
    identities, per_identity, dimensions = 12, 5, 8
    centers = rng.normal(size=(identities, dimensions))
    labels = np.repeat(np.arange(identities), per_identity)
    embeddings = (centers[labels] + 0.6 * rng.normal(size=(len(labels), dimensions))).astype(np.float32)
    shuffle = rng.permutation(len(labels))
    labels, embeddings = labels[shuffle], embeddings[shuffle]
    unit = embeddings.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    i, j = np.triu_indices(len(labels), 1)
    cosines = np.sum(unit[i] * unit[j], axis=1).astype(np.float32)

    bits = 10
    whole = exact_rows(np.random.default_rng(7), 400, 16, bits)
    # Each row has the label of the nearest of the first 40 rows.
    whole_labels = np.argmax(whole @ whole[:40].T, axis=1)
    whole_scores = (whole @ whole.T) / 4.0**bits
    a, b = np.triu_indices(len(whole), 1)
    exact = whole_scores[a, b].astype(np.float32)
    assert np.array_equal(exact, whole_scores[a, b])

    # Scores on a coarse grid, with many ties within and across kinds.
    tied_positive = rng.random(400) < 0.2
    tied_scores = np.round(rng.normal(size=400) + 1.5 * tied_positive, 1)

    intervals = []
    for successes, trials in [(0, 10), (10, 10), (7, 12), (830, 1000), (1, 100000)]:
        for confidence in (0.95, 0.99):
            ci = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
            z = float(norm.ppf(0.5 + confidence / 2))
            intervals.append(
                {"successes": successes, "trials": trials, "z": z, "low": float(ci.low), "high": float(ci.high)}
            )

    golden = {
        "madeWith": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "embeddings": {
            "dimensions": dimensions,
            "labels": labels.tolist(),
            "values": [float(v) for v in embeddings.ravel()],
            **summary(cosines, labels[i] == labels[j]),
        },
        "exact": {
            "dimensions": 16,
            "bits": bits,
            "labels": whole_labels.tolist(),
            "values": whole.ravel().tolist(),
            **summary(exact, whole_labels[a] == whole_labels[b]),
        },
        "tied": {
            "scores": tied_scores.tolist(),
            "positive": tied_positive.astype(int).tolist(),
            **summary(tied_scores, tied_positive),
        },
        "wilson": intervals,
    }
    out = Path("packages/verification/test/golden.json")
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
