"""Searches a file of float32 rows with numpy or usearch, one query at a time. Prints a JSON object.

Arguments: file, rows, dimensions, queries, k, and one of numpy, usearch-exact, usearch-exact-i8 and usearch-hnsw.
The rows have unit length. The file has the gallery's rows first and then the queries.
"""

import json
import sys
import time

from contender import peak_rss


def main():
    path, rows, dimensions, queries, k, method = sys.argv[1:]
    rows, dimensions, queries, k = int(rows), int(dimensions), int(queries), int(k)
    import numpy as np

    about = f'numpy {np.__version__}'
    if method != 'numpy':
        import usearch
        from usearch.index import Index, MetricKind, search

        about = f'usearch {usearch.__version__}'
    footprint = peak_rss()
    started = time.perf_counter()
    values = np.fromfile(path, np.float32, count=rows * dimensions).reshape(rows, dimensions)
    probes = np.fromfile(path, np.float32, offset=4 * rows * dimensions).reshape(queries, dimensions)
    if method == 'usearch-exact-i8':
        # usearch's own scale of int8 cosines.
        values, probes = (np.rint(127 * x / np.abs(x).max(1, keepdims=True)).astype(np.int8) for x in (values, probes))
    if method == 'usearch-hnsw':
        index = Index(ndim=dimensions, metric='cos', dtype='f32')
        index.add(np.arange(rows), values)

    def run(probe):
        if method == 'numpy':
            scores = values @ probe
            best = np.argpartition(-scores, k)[:k]
            return best[np.argsort(-scores[best], kind='stable')]
        if method == 'usearch-hnsw':
            return index.search(probe, k, threads=1).keys
        return search(values, probe, k, MetricKind.Cos, exact=True, threads=1).keys

    built = time.perf_counter() - started
    milliseconds, processor, found = [], [], []
    for probe in probes:
        started, before = time.perf_counter(), time.process_time()
        best = run(probe)
        milliseconds.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - before))
        found.append([int(x) for x in np.asarray(best).ravel()])
    print(json.dumps({
        'milliseconds': milliseconds,
        'processorMilliseconds': processor,
        'found': found,
        'buildSeconds': built,
        'peakRss': peak_rss(),
        'footprint': footprint,
        'about': about,
    }))


if __name__ == '__main__':
    main()
