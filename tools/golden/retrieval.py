"""Writes packages/verification/test/golden/retrieval.json: results of pytorch-metric-learning and scikit-learn.

Run from the repository root with Python 3 and `pip install pytorch-metric-learning faiss-cpu scikit-learn`:
    python tools/golden/retrieval.py
"""

import json
from pathlib import Path

import numpy as np
import pytorch_metric_learning
import sklearn
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score
from verification import exact_rows

METRICS = {
    "precision_at_1": "precisionAt1",
    "r_precision": "rPrecision",
    "mean_average_precision_at_r": "mapAtR",
    "mean_average_precision": "meanAveragePrecision",
    "mean_reciprocal_rank": "meanReciprocalRank",
}


def stable_neighbors(query, k, reference, ref_includes_query=False):
    """Orders ties by row, which AccuracyCalculator leaves to its search library."""
    scores = (query.double() @ reference.double().T).numpy()
    if ref_includes_query:
        np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return torch.from_numpy(-np.take_along_axis(-scores, order, 1)), torch.from_numpy(order)


def metrics(query, query_labels, reference=None, reference_labels=None, knn=stable_neighbors, **options):
    calculator = AccuracyCalculator(include=tuple(METRICS), knn_func=knn, **options)
    tensors = [
        torch.from_numpy(value) if value is not None else None
        for value in (query, query_labels, reference, reference_labels)
    ]
    found = calculator.get_accuracy(*tensors)
    return {METRICS[name]: value for name, value in found.items()}


def clusterings(rng):
    for n, labels, clusters in [(60, 6, 6), (200, 40, 40), (100, 3, 17), (500, 2, 2), (40, 40, 8)]:
        yield rng.integers(0, labels, n), rng.integers(0, clusters, n)
    base = np.repeat(np.arange(12), 9)
    yield base, base[::-1].copy()
    noisy = base.copy()
    noisy[::5] = rng.integers(0, 12, len(noisy[::5]))
    yield base, noisy
    yield np.arange(10), np.arange(10)
    yield np.zeros(10, int), np.zeros(10, int)
    yield np.arange(10), np.zeros(10, int)
    yield np.zeros(10, int), np.arange(10)
    yield np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def main():
    rng = np.random.default_rng(28)
    # Cosines of these rows are exact in float32, and many are equal.
    tied = exact_rows(rng, 160, 12, 2).astype(np.float32)
    labels = np.argmax(tied @ tied[:20].T, axis=1)
    # Some identities have one row, and some queries have none in the reference.
    labels[:6] = np.arange(100, 106)
    free = rng.normal(size=(120, 16)).astype(np.float32)
    free /= np.linalg.norm(free, axis=1, keepdims=True)
    free_labels = np.argmax(free @ free[:15].T, axis=1)
    half = 60
    golden = {
        "madeWith": {
            "pytorch-metric-learning": pytorch_metric_learning.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
        "tied": {"dimensions": 12, "labels": labels.tolist(), "values": tied.ravel().astype(int).tolist()},
        "free": {"dimensions": 16, "labels": free_labels.tolist(), "values": [float(v) for v in free.ravel()]},
        "tiedLeaveOneOut": metrics(tied, labels),
        "tiedLeaveOneOutByIdentity": metrics(tied, labels, avg_of_avgs=True),
        "half": half,
        "tiedAgainstRest": metrics(tied[:half], labels[:half], tied[half:], labels[half:]),
        "freeLeaveOneOut": metrics(free, free_labels, knn=None),
        "freeAgainstRest": metrics(free[:half], free_labels[:half], free[half:], free_labels[half:], knn=None),
        "clusters": [
            {
                "labels": a.tolist(),
                "clusters": b.tolist(),
                "nmi": float(normalized_mutual_info_score(a, b)),
                "ami": float(adjusted_mutual_info_score(a, b)),
            }
            for a, b in clusterings(rng)
        ],
    }
    out = Path("packages/verification/test/golden/retrieval.json")
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
