"""Verifies all pairs of a file of float32 rows with PyTorch's matrix product and scikit-learn's ROC curve. Prints a JSON object.

Arguments: file, rows, dimensions, images per identity, threads, comma-separated FPRs.
"""

import json
import sys
import time

from contender import peak_rss


def main():
    path, rows, dimensions, images, threads, fprs = sys.argv[1:]
    rows, dimensions, images = int(rows), int(dimensions), int(images)
    import numpy as np
    import sklearn
    import torch
    from sklearn.metrics import auc, roc_curve

    torch.set_num_threads(int(threads))
    footprint = peak_rss()
    embeddings = torch.from_numpy(np.fromfile(path, np.float32).reshape(rows, dimensions))
    labels = torch.arange(rows) // images

    started, processor = time.perf_counter(), time.process_time()
    unit = torch.nn.functional.normalize(embeddings)
    scores = unit @ unit.T
    above = torch.ones(rows, rows, dtype=torch.bool).triu(1)
    scores = scores[above].numpy()
    positive = (labels[:, None] == labels)[above].numpy()
    del above
    # A single sort for both. roc_auc_score would sort again.
    fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
    area = float(auc(fpr, tpr))
    # The FPRs ascend, so this takes the last point within each target.
    at = [float(tpr[np.searchsorted(fpr, float(target), side='right') - 1]) for target in fprs.split(',')]
    print(json.dumps({
        'seconds': time.perf_counter() - started,
        'processorSeconds': time.process_time() - processor,
        'peakRss': peak_rss(),
        'footprint': footprint,
        'auroc': area,
        'tpr': at,
        'about': f'torch {torch.__version__.split("+")[0]}, scikit-learn {sklearn.__version__}, {threads} threads',
    }))


if __name__ == '__main__':
    main()
