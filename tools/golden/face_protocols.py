"""Writes packages/verification/test/golden/faces*.bin and faces.json: insightface's protocols for LFW and IJB.

Run from the repository root with Python 3 and `pip install numpy scipy scikit-learn pillow`:
    python tools/golden/face_protocols.py
"""

import io
import json
import pickle
from pathlib import Path

import numpy as np
import PIL
import scipy
import sklearn
from PIL import Image
from scipy import interpolate
from sklearn.metrics import roc_curve
from sklearn.model_selection import KFold
from sklearn.preprocessing import normalize

SIZE, DIMENSIONS, PAIRS = 6, 16, 64
OUT = Path("packages/verification/test/golden")


def images(rng):
    """Returns pairs of small noisy images, either of one picture or of two pictures."""
    made, same = [], []
    for pair in range(PAIRS):
        is_same = pair % 2 == 0
        first = rng.normal(128, 40, (SIZE, SIZE, 3))
        second = first if is_same else 0.45 * (first - 128) + 128 + rng.normal(0, 30, first.shape)
        for picture in (first, second):
            noisy = picture + rng.normal(0, 34, picture.shape)
            made.append(np.clip(np.round(noisy), 0, 255).astype(np.uint8))
        same.append(is_same)
    return made, same


def encode_png(pixels):
    out = io.BytesIO()
    # PNG is lossless, so every decoder returns the same pixels.
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return out.getvalue()


def python2_pickle(blobs, same):
    """Returns the bytes that Python 2 writes for pickle.dump((list of str, list of bool), protocol 2)."""
    out = io.BytesIO()
    out.write(b"\x80\x02(]q\x00(")
    for blob in blobs:
        out.write((b"U" + bytes([len(blob)]) if len(blob) < 256 else b"T" + len(blob).to_bytes(4, "little")) + blob)
    out.write(b"e]q\x01(" + b"".join(b"\x88" if s else b"\x89" for s in same) + b"et.")
    return out.getvalue()


def ten_fold(embeddings, same, folds):
    """Follows insightface's verification.py: calculate_accuracy over thresholds, and the argmax on the other folds."""
    unit = normalize(embeddings)
    first, second = unit[0::2], unit[1::2]
    distances = np.sum(np.square(first - second), 1)
    thresholds = np.arange(0, 4, 0.01)
    same = np.asarray(same)
    results = []
    for train, test in KFold(n_splits=folds, shuffle=False).split(np.arange(len(same))):
        accuracy = [np.mean((distances[train] < t) == same[train]) for t in thresholds]
        best = thresholds[int(np.argmax(accuracy))]
        results.append((float(np.mean((distances[test] < best) == same[test])), float(best)))
    accuracies = np.array([accuracy for accuracy, _ in results])
    return {
        "folds": [{"accuracy": a, "threshold": t} for a, t in results],
        "accuracy": float(accuracies.mean()),
        "std": float(accuracies.std()),
    }, distances


def calculate_val_far(threshold, dist, actual_issame):
    """As in insightface's and facenet's code."""
    predict_issame = np.less(dist, threshold)
    true_accept = np.sum(np.logical_and(predict_issame, actual_issame))
    false_accept = np.sum(np.logical_and(predict_issame, np.logical_not(actual_issame)))
    return float(true_accept) / float(np.sum(actual_issame)), float(false_accept) / float(np.sum(np.logical_not(actual_issame)))


def calculate_val(thresholds, dist, actual_issame, far_target, nrof_folds=10):
    """
    As in insightface's recognition/arcface_torch/eval/verification.py, after the distances. The interpolation there is
    'slinear', which SciPy 1.5 and later refuse because false accept rates repeat; 'linear' is the same between two thresholds.
    """
    folds = []
    for train_set, test_set in KFold(n_splits=nrof_folds, shuffle=False).split(np.arange(len(dist))):
        far_train = np.zeros(len(thresholds))
        for threshold_idx, threshold in enumerate(thresholds):
            _, far_train[threshold_idx] = calculate_val_far(threshold, dist[train_set], actual_issame[train_set])
        if np.max(far_train) >= far_target:
            threshold = float(interpolate.interp1d(far_train, thresholds, kind="linear")(far_target))
        else:
            threshold = 0.0
        val, far = calculate_val_far(threshold, dist[test_set], actual_issame[test_set])
        folds.append({"val": val, "far": far, "threshold": threshold})
    vals = np.array([fold["val"] for fold in folds])
    return {
        "farTarget": far_target,
        "val": float(vals.mean()),
        "std": float(vals.std()),
        "far": float(np.mean([fold["far"] for fold in folds])),
        "folds": folds,
    }


def templates(rng):
    """Returns IJB templates, and TAR at FAR of listed pairs from scikit-learn's curve."""
    identities, per_template = 12, 5
    centers = rng.normal(size=(identities, 6))
    rows, template, media, identity = [], [], [], []
    for t in range(30):
        who = int(rng.integers(identities))
        for _ in range(per_template):
            rows.append(centers[who] + 0.8 * rng.normal(size=6))
            template.append(100 - t)
            media.append(int(rng.integers(3)))
        identity.append(who)
    rows = np.asarray(rows, np.float32)
    template, media = np.asarray(template), np.asarray(media)
    ids = np.unique(template)
    pooled = []
    for t in ids:
        own, kinds = rows[template == t].astype(np.float64), media[template == t]
        pooled.append(np.sum([own[kinds == kind].mean(axis=0) for kind in np.unique(kinds)], axis=0))
    pooled = normalize(np.asarray(pooled))
    who = np.asarray(identity)[::-1]
    a, b = np.triu_indices(len(ids), 1)
    scores = np.sum(pooled[a] * pooled[b], axis=1)
    positive = who[a] == who[b]
    fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
    shuffle = rng.permutation(len(rows))
    return {
        "dimensions": 6,
        "rows": rows[shuffle].ravel().tolist(),
        "templates": template[shuffle].tolist(),
        "media": media[shuffle].tolist(),
        "ids": ids.tolist(),
        "pooled": pooled.ravel().tolist(),
        "identities": who.tolist(),
        "tarAtFar": [{"far": far, "tar": float(tpr[fpr <= far].max())} for far in (0.1, 0.05, 0.01)],
    }


def main():
    rng = np.random.default_rng(17)
    pixels, same = images(rng)
    blobs = [encode_png(p) for p in pixels]
    OUT.mkdir(exist_ok=True)
    (OUT / "faces.bin").write_bytes(pickle.dumps((blobs, same), protocol=pickle.HIGHEST_PROTOCOL))
    few = 4
    (OUT / "faces-python2.bin").write_bytes(python2_pickle(blobs[: 2 * few], same[:few]))
    (OUT / "faces-protocol2.bin").write_bytes(pickle.dumps((blobs[: 2 * few], same[:few]), protocol=2))
    (OUT / "faces-arrays.bin").write_bytes(pickle.dumps(([np.zeros(3, np.uint8)] * 2, [True]), protocol=4))
    # The "network" is a fixed projection by small integers, so that sums of pixels are exact in float32.
    weights = rng.integers(-8, 9, (DIMENSIONS, SIZE * SIZE * 3))
    flat = lambda p: (p.astype(np.int64).reshape(-1) - 128)
    embeddings = np.array([weights @ flat(p) + weights @ flat(p[:, ::-1]) for p in pixels], np.float64)
    lfw, distances = ten_fold(embeddings, same, 10)
    golden = {
        "madeWith": {"numpy": np.__version__, "scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "pillow": PIL.__version__},
        "size": SIZE,
        "weights": weights.ravel().tolist(),
        "pixelSums": [int(p.sum()) for p in pixels],
        "isSame": same,
        "distances": distances.tolist(),
        "lfw": lfw,
        "val": [calculate_val(np.arange(0, 4, 0.001), distances, np.asarray(same), far) for far in (1e-3, 0.05, 0.2)],
        "templates": templates(rng),
    }
    path = OUT / "faces.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{path}: {path.stat().st_size} bytes, accuracy {lfw['accuracy']}, {[f['threshold'] for f in lfw['folds']]}")


if __name__ == "__main__":
    main()
