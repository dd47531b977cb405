"""Pair and proxy losses, distances, reducers and regularizers of pytorch-metric-learning."""

import math

import torch
import torch.nn.functional as F
from pytorch_metric_learning import distances, losses, reducers, regularizers

from golden import Canceling, Fill

ABOUT = """\
Losses of pytorch-metric-learning 2.9.0 and their gradients. Inputs: "embeddings" [B,D], "labels" [B], and for some cases \
"ref" [R,D] with "refLabels" [R], "tuples" (mined pairs or triplets) and "proxies" [P,D] (the transpose of the library's W \
and fc). "loss" names the class, "options" its arguments in our names, "distance" and "reducer" their class and arguments. \
Results: "value", "dEmbeddings", and "dRef", "dProxies" or "dBeta" where they exist. Batches: "spread" has classes of 3, 3, 2, \
1 and 1 rows; "ties" has equal rows in one class and across classes, without a case whose gradient has no limit there; \
"balanced" has 4 classes of 3 rows. SigLIP is the sigmoid loss of its paper, and SmoothAP too, except in "square" (3 classes of 3 rows). PerClassMean is the mean over classes of the \
mean of their anchors' losses. Losses [n, 1] reach a given reducer as [n]. Group "distance": the matrix of "query" and "ref", and the gradients dQuery and dRef of \
sum(matrix * weights). Group "regularizer": value and dX of rows "x"."""

DISTANCES = {
    'Cosine': lambda: distances.CosineSimilarity(),
    'DotProduct': lambda normalize=True: distances.DotProductSimilarity(normalize_embeddings=normalize),
    'Lp': lambda p=2, power=1, normalize=True: distances.LpDistance(p=p, power=power, normalize_embeddings=normalize),
    'SNR': lambda normalize=True: distances.SNRDistance(normalize_embeddings=normalize),
}


class PerClassMean(reducers.BaseReducer):
    def element(self, values, anchors, labels):
        own = labels[anchors]
        return torch.stack([values[own == label].mean() for label in own.unique()]).mean()

    def element_reduction(self, values, indices, embeddings, labels):
        return self.element(values, indices, labels)

    def pos_pair_reduction(self, values, indices, embeddings, labels):
        return self.element(values, indices[0], labels)

    neg_pair_reduction = triplet_reduction = pos_pair_reduction


REDUCERS = {
    'Mean': reducers.MeanReducer,
    'Sum': reducers.SumReducer,
    'AvgNonZero': reducers.AvgNonZeroReducer,
    'Threshold': lambda low=None, high=None: reducers.ThresholdReducer(low=low, high=high),
    'Divisor': reducers.DivisorReducer,
    'ClassWeighted': lambda weights: reducers.ClassWeightedReducer(torch.tensor(weights)),
    'PerAnchor': reducers.PerAnchorReducer,
    'PerClassMean': PerClassMean,
}

SPREAD = [0, 1, 2, 0, 1, 3, 0, 2, 1, 4]
BALANCED = [0, 1, 2, 3, 0, 1, 2, 3, 3, 2, 1, 0]


def near_classes(labels, seed, noise=0.6, dimensions=6):
    centers = Fill((8, dimensions), 1.0, seed).tensor(torch.float64)
    rows = Fill((len(labels), dimensions), 1.0, seed + 1).tensor(torch.float64)
    return (centers[torch.tensor(labels)] + noise * rows).to(torch.float32)


def by_element(reducer):
    """Passes losses [n, 1] on as [n]. Weights per element would otherwise broadcast to [n, n]."""
    unpack = reducer.unpack_loss_info

    def flat(info):
        values, *rest = unpack(info)
        return values.squeeze(1) if torch.is_tensor(values) and values.ndim == 2 else values, *rest

    reducer.unpack_loss_info = flat
    return reducer


def batch(name, seed):
    labels = {'spread': SPREAD, 'ties': SPREAD, 'balanced': BALANCED, 'one class': [5] * 4, 'singles': [0, 1, 2, 3],
              'square': [2, 2, 2, 0, 0, 0, 1, 1, 1]}[name]
    e = near_classes(labels, seed)
    if name == 'ties':
        e[3], e[8] = e[0], e[1]
        e[5] = e[2]
    return e, torch.tensor(labels)


class SigLIP(torch.nn.Module):
    def __init__(self, scale=10.0, bias=-10.0):
        super().__init__()
        self.log_scale = torch.nn.Parameter(torch.tensor([math.log(scale)], dtype=torch.float64))
        self.bias = torch.nn.Parameter(torch.tensor([bias], dtype=torch.float64))

    def forward(self, e, labels, tuples=None, ref_emb=None, ref_labels=None):
        other, other_labels = (e, labels) if ref_emb is None else (ref_emb, ref_labels)
        s = F.normalize(e) @ F.normalize(other).t()
        z = 2.0 * (labels[:, None] == other_labels[None, :]).to(s.dtype) - 1
        values = -F.logsigmoid(z * (s * self.log_scale.exp() + self.bias))
        if ref_emb is None:
            values = values * (1 - torch.eye(len(e)))
        return values.sum() / len(e)


class SmoothAP(torch.nn.Module):
    """Smooth-AP by its paper, for any order and number of classes."""

    def __init__(self, temperature=0.01):
        super().__init__()
        self.t = temperature

    def forward(self, e, labels, tuples=None):
        s = F.normalize(e) @ F.normalize(e).t()
        values = []
        for i in range(len(e)):
            own = torch.where(labels == labels[i])[0]
            above = torch.sigmoid((s[i][None, :] - s[i][own][:, None]) / self.t)
            values.append(1 - ((above[:, own].sum(1) + 0.5) / (above.sum(1) + 0.5)).mean())
        return torch.stack(values).mean()


def make(name, options, distance, reducer, size):
    extra = {}
    if distance:
        extra['distance'] = DISTANCES[distance['name']](**distance['options'])
    if reducer:
        extra['reducer'] = by_element(REDUCERS[reducer['name']](**reducer['options']))
    o = dict(options)
    rename = {'posMargin': 'pos_margin', 'negMargin': 'neg_margin', 'smooth': 'smooth_loss', 'learnBeta': 'learn_beta',
              'classes': 'num_classes', 'bins': 'num_bins', 'dimensions': 'embedding_size', 'softmaxScale': 'softmax_scale',
              'centersPerClass': 'centers_per_class', 'lambda': 'la', 'subCenters': 'sub_centers'}
    o = {rename.get(key, key): value for key, value in o.items()}
    if name == 'SigLIPLoss':
        return SigLIP(**o)
    # The library forms groups of as many rows as there are classes, so it is right only where both numbers are equal.
    if name == 'SmoothAPLoss' and size != 9:
        return SmoothAP(**o)
    if name == 'FastAPLoss':
        power = o.pop('power', 2)
        extra['distance'] = distances.LpDistance(power=power)
    return getattr(losses, name)(**o, **extra)


def case(dtype, loss, options=None, of='spread', seed=100, distance=None, reducer=None, ref=False, tuples=None,
         proxies=None, regularizer=None, about=''):
    stored, labels = batch(of, seed)
    e = stored.to(dtype).requires_grad_()
    leaves = {'dEmbeddings': e}
    result = {'group': 'loss', 'loss': loss, 'options': options or {}, 'distance': distance, 'reducer': reducer,
              'embeddings': stored, 'labels': labels.to(torch.int32)}
    module = make(loss, options or {}, distance, reducer, len(e))
    keywords = {}
    if ref:
        ref_labels = torch.tensor([1, 0, 2, 5, 0, 3, 1])
        stored_ref = near_classes(ref_labels.tolist(), seed + 50)
        r = stored_ref.to(dtype).requires_grad_()
        leaves['dRef'] = r
        keywords = {'ref_emb': r, 'ref_labels': ref_labels}
        result |= {'ref': stored_ref, 'refLabels': ref_labels.to(torch.int32)}
    if proxies:
        name, count = proxies
        stored_proxies = near_classes([k % 8 for k in range(count)], seed + 20, 1.5)
        parameter = getattr(module, name)
        rows = stored_proxies.to(dtype)
        parameter.data = rows if name == 'proxies' else rows.t().contiguous()
        result['proxies'] = stored_proxies
    if tuples:
        result['tuples'] = {key: torch.tensor(value, dtype=torch.int32) for key, value in tuples.items()}
    chosen = tuple(torch.tensor(value) for value in tuples.values()) if tuples else None
    value = module(e, labels, chosen, **keywords)
    watched = dict(leaves)
    if proxies:
        watched['dProxies'] = getattr(module, proxies[0])
    if loss == 'MarginLoss' and options and options.get('learnBeta'):
        watched['dBeta'] = module.beta
    if loss == 'SigLIPLoss':
        watched |= {'dLogScale': module.log_scale, 'dBias': module.bias}
    value = value.sum()
    grads = torch.autograd.grad(value, list(watched.values()), allow_unused=True)
    for key, leaf, grad in zip(watched, watched.values(), grads):
        grad = torch.zeros_like(leaf) if grad is None else grad
        if key == 'dProxies' and proxies[0] != 'proxies':
            grad = grad.t()
        # Average precision of one class is 1 whatever the embeddings: terms of size 1 cancel.
        result[key] = Canceling(grad, 1.0) if (loss, of) == ('FastAPLoss', 'one class') else grad
    result['value'] = float(value.detach())
    title = ', '.join(f'{key} {item}' for key, item in (options or {}).items())
    parts = [loss, title, distance and f"{distance['name']} {distance['options'] or ''}",
             reducer and f"{reducer['name']} {reducer['options'] or ''}", of, f'seed {seed}', ref and 'ref',
             tuples and ('pairs' if len(tuples) == 4 else 'triplets'), about]
    return {'name': ', '.join(str(part).strip() for part in parts if part), **result}


def D(name, **options):
    return {'name': name, 'options': options}


PAIRS = {'anchors': [0, 3, 1, 2, 0, 0], 'positives': [3, 0, 4, 7, 6, 6], 'negativeAnchors': [0, 1, 2, 2, 0, 5],
         'negatives': [1, 0, 5, 8, 9, 1]}
TRIPLETS = {'anchors': [0, 0, 1, 4, 2], 'positives': [3, 6, 4, 8, 7], 'negatives': [1, 2, 5, 9, 0]}
SMALL_TRIPLETS = {'anchors': [0, 1, 4], 'positives': [1, 2, 5], 'negatives': [3, 8, 7]}
REF_PAIRS = {'anchors': [0, 1, 3, 2], 'positives': [1, 0, 4, 2], 'negativeAnchors': [0, 0, 1, 3, 5],
             'negatives': [0, 2, 3, 6, 5]}
REF_TRIPLETS = {'anchors': [0, 1, 3], 'positives': [1, 6, 4], 'negatives': [0, 2, 3]}

PAIR_LOSSES = ['ContrastiveLoss', 'TripletMarginLoss', 'MultiSimilarityLoss', 'CircleLoss', 'NTXentLoss', 'SupConLoss',
               'LiftedStructureLoss', 'AngularLoss', 'MarginLoss']


def loss_cases(dtype):
    for loss in PAIR_LOSSES:
        for seed in (100, 200, 300):
            yield case(dtype, loss, seed=seed)
        yield case(dtype, loss, of='balanced')
        yield case(dtype, loss, of='ties')
        yield case(dtype, loss, of='one class')
        yield case(dtype, loss, of='singles')
        yield case(dtype, loss, ref=True)
        yield case(dtype, loss, tuples=PAIRS)
        yield case(dtype, loss, tuples=TRIPLETS)
        yield case(dtype, loss, tuples=REF_PAIRS, ref=True)
        yield case(dtype, loss, tuples=REF_TRIPLETS, ref=True)
        for reducer in (D('Mean'), D('Sum'), D('AvgNonZero'), D('Threshold', low=0.2), D('Threshold', high=0.9),
                        D('Threshold', low=0.1, high=0.8), D('ClassWeighted', weights=[1.0, 0.5, 2.0, 0.25, 3.0]),
                        D('PerClassMean'), D('PerAnchor')):
            triplet = loss in ('TripletMarginLoss', 'MarginLoss')
            if not (reducer['name'] == 'PerAnchor' and triplet):
                yield case(dtype, loss, reducer=reducer)
        if loss in ('CircleLoss', 'AngularLoss'):
            continue
        for distance in (D('Cosine'), D('DotProduct', normalize=False), D('Lp', power=2), D('Lp', normalize=False), D('Lp', p=1), D('SNR')):
            yield case(dtype, loss, distance=distance)
    yield case(dtype, 'ContrastiveLoss', {'posMargin': 0.9, 'negMargin': 0.2}, distance=D('Cosine'))
    yield case(dtype, 'ContrastiveLoss', {'posMargin': 0.3, 'negMargin': 1.5})
    for options in ({'margin': 0.3}, {'swap': True}, {'swap': True, 'margin': 0.4, 'smooth': True}, {'smooth': True}):
        yield case(dtype, 'TripletMarginLoss', options)
        yield case(dtype, 'TripletMarginLoss', options, distance=D('Cosine'))
    yield case(dtype, 'TripletMarginLoss', {'swap': True, 'margin': 0.5}, tuples=TRIPLETS)
    yield case(dtype, 'MultiSimilarityLoss', {'alpha': 4.0, 'beta': 20.0, 'base': 0.3})
    yield case(dtype, 'CircleLoss', {'m': 0.25, 'gamma': 256})
    yield case(dtype, 'NTXentLoss', {'temperature': 0.5})
    yield case(dtype, 'SupConLoss', {'temperature': 0.5})
    yield case(dtype, 'LiftedStructureLoss', {'negMargin': 0.5, 'posMargin': 0.2})
    yield case(dtype, 'AngularLoss', {'alpha': 30})
    for options in ({'learnBeta': True}, {'learnBeta': True, 'nu': 0.1}, {'learnBeta': True, 'nu': 0.1, 'classes': 5},
                    {'classes': 5, 'margin': 0.5, 'beta': 0.9}):
        yield case(dtype, 'MarginLoss', options)
        yield case(dtype, 'MarginLoss', options, reducer=D('Mean'))
    yield case(dtype, 'NPairsLoss')
    yield case(dtype, 'NPairsLoss', of='balanced', seed=200)
    yield case(dtype, 'NPairsLoss', of='ties')
    yield case(dtype, 'NPairsLoss', of='singles')
    yield case(dtype, 'NPairsLoss', of='one class')
    yield case(dtype, 'NPairsLoss', distance=D('Lp'), tuples=PAIRS)
    for of in ('spread', 'balanced', 'ties', 'one class', 'singles'):
        yield case(dtype, 'FastAPLoss', of=of)
    yield case(dtype, 'FastAPLoss', {'bins': 5}, seed=200, tuples=TRIPLETS)
    yield case(dtype, 'FastAPLoss', {'bins': 7, 'power': 1}, seed=300)
    for options, seed in (({}, 100), ({'temperature': 0.1}, 100), ({'temperature': 0.3}, 200)):
        yield case(dtype, 'SmoothAPLoss', options, of='square', seed=seed)
    for of in ('balanced', 'one class', 'singles'):
        yield case(dtype, 'SmoothAPLoss', {'temperature': 0.1}, of=of)
    yield case(dtype, 'SmoothAPLoss', {'temperature': 0.1}, of='square', tuples=SMALL_TRIPLETS)
    if dtype == torch.float64:
        yield case(dtype, 'SigLIPLoss')
        yield case(dtype, 'SigLIPLoss', {'scale': 4.0, 'bias': -2.0}, ref=True)
        yield case(dtype, 'SigLIPLoss', {'scale': 4.0, 'bias': -2.0}, of='one class')
    size = {'classes': 6, 'dimensions': 6}
    for seed in (100, 200, 300):
        yield case(dtype, 'ProxyNCALoss', size, seed=seed, proxies=('proxies', 6))
        yield case(dtype, 'ProxyAnchorLoss', size, seed=seed, proxies=('proxies', 6))
        yield case(dtype, 'SoftTripleLoss', {**size, 'centersPerClass': 3}, seed=seed, proxies=('fc', 18))
        yield case(dtype, 'SubCenterArcFaceLoss', size, seed=seed, proxies=('W', 18))
    for of in ('ties', 'singles', 'one class', 'balanced'):
        yield case(dtype, 'ProxyNCALoss', {**size, 'softmaxScale': 3.0}, of=of, proxies=('proxies', 6))
        yield case(dtype, 'ProxyAnchorLoss', {**size, 'margin': 0.2, 'alpha': 16}, of=of, proxies=('proxies', 6))
        yield case(dtype, 'SoftTripleLoss', {**size, 'centersPerClass': 3, 'lambda': 5.0, 'gamma': 0.3, 'margin': 0.1},
                   of=of, proxies=('fc', 18))
        yield case(dtype, 'SubCenterArcFaceLoss', {**size, 'subCenters': 2, 'margin': 10.0, 'scale': 16}, of=of,
                   proxies=('W', 12))
    for loss, name in (('ProxyNCALoss', 'proxies'), ('ProxyAnchorLoss', 'proxies'), ('SoftTripleLoss', 'fc'),
                       ('SubCenterArcFaceLoss', 'W')):
        options = {**size, 'centersPerClass': 3} if loss == 'SoftTripleLoss' else size
        count = 6 if name == 'proxies' else 18
        yield case(dtype, loss, options, proxies=(name, count), tuples=TRIPLETS)
        for reducer in (D('Mean'), D('Sum'), D('AvgNonZero'), D('Threshold', low=0.5)):
            yield case(dtype, loss, options, proxies=(name, count), reducer=reducer)
    yield case(dtype, 'ProxyNCALoss', size, proxies=('proxies', 6), distance=D('Cosine'))
    yield case(dtype, 'ProxyAnchorLoss', size, proxies=('proxies', 6), distance=D('Lp'))
    yield case(dtype, 'SoftTripleLoss', {**size, 'centersPerClass': 3}, proxies=('fc', 18), distance=D('DotProduct'))
    # A large margin moves every label past 180 degrees.
    yield case(dtype, 'SubCenterArcFaceLoss', {**size, 'margin': 150.0, 'scale': 4}, proxies=('W', 18))


def distance_cases(dtype):
    for seed in (400, 500):
        for entry in (D('Cosine'), D('DotProduct'), D('DotProduct', normalize=False), D('Lp'), D('Lp', power=2), D('Lp', power=3), D('Lp', normalize=False),
                      D('Lp', p=1), D('Lp', p=1, normalize=False), D('Lp', p=3, power=2), D('SNR'),
                      D('SNR', normalize=False)):
            stored = [near_classes([0, 1, 2, 3, 0], seed), near_classes([1, 2, 0], seed + 30)]
            query, ref = [x.to(dtype).requires_grad_() for x in stored]
            weights = Fill((5, 3), 1.0, seed + 40)
            matrix = DISTANCES[entry['name']](**entry['options'])(query, ref)
            dq, dr = torch.autograd.grad((matrix * weights.tensor(dtype)).sum(), (query, ref))
            yield {'name': f"distance: {entry['name']} {entry['options']}, seed {seed}", 'group': 'distance',
                   'distance': entry, 'query': stored[0], 'ref': stored[1], 'weights': weights, 'matrix': matrix,
                   'dQuery': dq, 'dRef': dr}


def regularizer_cases(dtype):
    for name, options in (('LpRegularizer', {}), ('LpRegularizer', {'power': 2}), ('LpRegularizer', {'p': 1}),
                          ('LpRegularizer', {'p': 3, 'power': 2}), ('CenterInvariantRegularizer', {}),
                          ('ZeroMeanRegularizer', {})):
        stored = near_classes([0, 1, 2, 3, 0], 600)
        x = stored.to(dtype).requires_grad_()
        value = getattr(regularizers, name)(**options)(x)
        (dx,) = torch.autograd.grad(value, x)
        yield {'name': f'regularizer: {name} {options}', 'group': 'regularizer', 'regularizer': name, 'options': options,
               'x': stored, 'value': float(value.detach()), 'dX': dx}


def cases(dtype):
    return [*loss_cases(dtype), *distance_cases(dtype), *regularizer_cases(dtype)]
