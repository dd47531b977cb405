"""Miners and the cross-batch memory of pytorch-metric-learning, and the outliers of its sub-center ArcFace."""

import math

import torch
from pytorch_metric_learning import losses, miners
from pytorch_metric_learning.utils import loss_and_miner_utils as lmu

from golden import Fill
from subjects.pair_losses import BALANCED, D, DISTANCES, SPREAD, near_classes

ABOUT = """\
Miners of pytorch-metric-learning 2.9.0. "embeddings" [B,D] and "labels" [B], for some cases "ref" [R,D] and "refLabels"; \
"miner" names the class, "options" its arguments in our names. "tuples" has the result, sorted by anchor, then the others. \
Batch "grid" has small integers, so that ties are exact; no ties decide a batch miner there but between equal columns, of which \
the first is chosen. "probabilities" [B,B] of DistanceWeightedMiner are the weights that it draws negatives with. Group \
"memory": CrossBatchMemory over several batches: per step the loss, dEmbeddings, and the memory afterwards. Group "outliers": \
SubCenterArcFaceLoss.get_outliers."""

RENAME = {'positives': 'pos_strategy', 'negatives': 'neg_strategy', 'positiveRange': 'allowed_pos_range',
          'negativeRange': 'allowed_neg_range', 'type': 'type_of_triplets', 'posMargin': 'pos_margin',
          'negMargin': 'neg_margin'}


def batch(name, seed):
    labels = {'spread': SPREAD, 'balanced': BALANCED, 'grid': SPREAD, 'one class': [5] * 4, 'singles': [0, 1, 2, 3]}[name]
    if name == 'grid':
        e = torch.round(Fill((len(labels), 4), 2.5, seed).tensor(torch.float64))
        e[3] = e[0]
        return e.to(torch.float32), torch.tensor(labels)
    return near_classes(labels, seed, 1.0), torch.tensor(labels)


def as_dict(found):
    names = ['anchors', 'positives', 'negatives'] if len(found) == 3 else [
        'anchors', 'positives', 'negativeAnchors', 'negatives']
    lists = [x.tolist() for x in found]
    if len(found) == 3:
        rows = sorted(zip(*lists))
        lists = [list(column) for column in zip(*rows)] if rows else [[], [], []]
    else:
        pairs, others = sorted(zip(lists[0], lists[1])), sorted(zip(lists[2], lists[3]))
        lists = [[p[0] for p in pairs], [p[1] for p in pairs], [p[0] for p in others], [p[1] for p in others]]
    return {name: torch.tensor(x, dtype=torch.int32) for name, x in zip(names, lists)}


def mine(dtype, miner, options=None, of='spread', seed=700, distance=None, ref=False):
    stored, labels = batch(of, seed)
    options = options or {}
    arguments = {RENAME.get(key, key): value for key, value in options.items()}
    if distance:
        arguments['distance'] = DISTANCES[distance['name']](**distance['options'])
    result = {'embeddings': stored, 'labels': labels.to(torch.int32)}
    others = ()
    if ref:
        ref_labels = torch.tensor([1, 0, 2, 5, 0, 3, 1])
        stored_ref = near_classes(ref_labels.tolist(), seed + 50, 1.0)
        others = (stored_ref.to(dtype), ref_labels)
        result |= {'ref': stored_ref, 'refLabels': ref_labels.to(torch.int32)}
    found = getattr(miners, miner)(**arguments)(stored.to(dtype), labels, *others)
    parts = [miner, ', '.join(f'{key} {value}' for key, value in options.items()),
             distance and f"{distance['name']} {distance['options'] or ''}", of, f'seed {seed}', ref and 'ref']
    return {'name': ', '.join(str(part).strip() for part in parts if part), 'group': 'miner', 'miner': miner,
            'options': options, 'distance': distance, **result, 'tuples': as_dict(found)}


def miner_cases(dtype):
    runs = [('BatchHardMiner', {}), ('BatchEasyHardMiner', {}), ('TripletMarginMiner', {}), ('PairMarginMiner', {}),
            ('MultiSimilarityMiner', {}), ('AngularMiner', {})]
    runs += [('TripletMarginMiner', {'type': kind, 'margin': 0.3}) for kind in ('hard', 'semihard', 'easy')]
    for positives in ('hard', 'semihard', 'easy', 'all'):
        for negatives in ('hard', 'semihard', 'easy', 'all'):
            if (positives, negatives) not in (('semihard', 'semihard'), ('semihard', 'all'), ('all', 'semihard')):
                runs.append(('BatchEasyHardMiner', {'positives': positives, 'negatives': negatives}))
    runs += [('BatchEasyHardMiner', {'positives': 'hard', 'negatives': 'hard', 'positiveRange': [0.4, 1.0],
                                     'negativeRange': [0.9, 1.6]}),
             ('PairMarginMiner', {'posMargin': 0.7, 'negMargin': 1.1}), ('MultiSimilarityMiner', {'epsilon': 0.3}),
             ('AngularMiner', {'angle': 35})]
    for miner, options in runs:
        for seed in (700, 800, 900):
            yield mine(dtype, miner, options, seed=seed)
        yield mine(dtype, miner, options, ref=True)
        yield mine(dtype, miner, options, of='balanced')
        yield mine(dtype, miner, options, of='one class')
        yield mine(dtype, miner, options, of='singles')
        if miner != 'AngularMiner':
            yield mine(dtype, miner, options, distance=D('Cosine'))
            yield mine(dtype, miner, options, distance=D('DotProduct', normalize=False), of='grid')
            yield mine(dtype, miner, options, distance=D('Lp', normalize=False, power=2), of='grid', seed=750)


def probability_cases(dtype):
    for dimensions, options in ((6, {}), (16, {}), (6, {'cutoff': 0.8, 'nonzero_loss_cutoff': 1.3}), (3, {})):
        stored, labels = near_classes(SPREAD, 1000, 1.0, dimensions), torch.tensor(SPREAD)
        kept = []
        original = lmu.get_random_triplet_indices
        lmu.get_random_triplet_indices = lambda *a, weights, **k: kept.append(weights) or original(*a, weights=weights, **k)
        miners.DistanceWeightedMiner(**options)(stored.to(dtype), labels)
        lmu.get_random_triplet_indices = original
        names = {'cutoff': 'cutoff', 'nonzero_loss_cutoff': 'nonzeroLossCutoff'}
        yield {'name': f'probabilities, {dimensions} dimensions, {options}', 'group': 'probabilities',
               'options': {names[key]: value for key, value in options.items()}, 'embeddings': stored,
               'labels': labels.to(torch.int32), 'probabilities': torch.nan_to_num(kept[0])}


def memory_case(dtype, name, loss, size, miner=None):
    memory = losses.CrossBatchMemory(loss, 6, size, miner)
    steps = []
    for step in range(4):
        labels = torch.tensor([(k * (step + 1)) % 3 for k in range(4)])
        stored = near_classes(labels.tolist(), 1100 + 10 * step, 1.0)
        e = stored.to(dtype).requires_grad_()
        value = memory(e, labels)
        (de,) = torch.autograd.grad(value, e)
        count = size if memory.has_been_filled else memory.queue_idx
        steps.append({'embeddings': stored, 'labels': labels.to(torch.int32), 'value': float(value.detach()),
                      'dEmbeddings': de, 'memory': memory.embedding_memory[:count].clone(),
                      'memoryLabels': memory.label_memory[:count].to(torch.int32)})
    return {'name': f'memory: {name}, {size}', 'group': 'memory', 'loss': name, 'size': size, 'steps': steps}


def memory_cases(dtype):
    # Sizes in which no batch wraps around: the library then keeps some pairs of a row and its own copy.
    for size in (8, 12, 100):
        yield memory_case(dtype, 'ContrastiveLoss', losses.ContrastiveLoss(), size)
        yield memory_case(dtype, 'NTXentLoss', losses.NTXentLoss(), size)
        yield memory_case(dtype, 'TripletMarginLoss', losses.TripletMarginLoss(), size)
    yield memory_case(dtype, 'MultiSimilarityLoss', losses.MultiSimilarityLoss(), 8, miners.MultiSimilarityMiner())


def outlier_case(dtype):
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 4])
    stored = near_classes(labels.tolist(), 1300, 1.5)
    proxies = near_classes([k % 8 for k in range(15)], 1320, 1.5)
    loss = losses.SubCenterArcFaceLoss(num_classes=5, embedding_size=6)
    loss.W.data = proxies.to(dtype).t().contiguous()
    outliers, centers = loss.get_outliers(stored.to(dtype), labels, threshold=60)
    return {'name': 'outliers', 'group': 'outliers', 'embeddings': stored, 'labels': labels.to(torch.int32),
            'proxies': proxies, 'threshold': 60, 'outliers': outliers.to(torch.int32),
            'dominantCenters': centers.t()[[0, 1, 2, 4]]}


def cases(dtype):
    return [*miner_cases(dtype), *probability_cases(dtype), *memory_cases(dtype), outlier_case(dtype)]
