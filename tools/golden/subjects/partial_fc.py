"""Three steps of PartialFC with a combined margin, as in insightface's published code on one rank."""

import numpy as np
import torch
import torch.nn.functional as F

from golden import Fill, hash_bits

ABOUT = """\
Three steps of insightface's PartialFC on one rank (recognition/arcface_torch: partial_fc_v2.py, partial_fc.py, \
losses.py). The sampled classes of each step are given in "index" instead of drawn. Each step divides the embeddings [B,D] \
and the sampled centers by their lengths and clamps the cosines to [-1, 1]. CombinedMarginLoss: with m1 = 1 and m3 = 0, \
the label's cosine becomes cos(acos(cosine) + m2), which is not recorded, so that its gradient passes through. With \
m3 > 0 it becomes cosine - m3. With a filterThreshold, a cosine above it in a column other than the label's becomes 0 \
and has no gradient. All are multiplied by scale; the loss is the mean cross-entropy. "centers" are all centers before \
the first step. "afterStep" has each step's loss, dEmbeddings (the gradient), squareSum (of the gradient of the centers) \
and centers. \
Kind "v2": PartialFC_V2, whose weight is one parameter of a torch.optim optimizer. Rows that are not sampled have a zero \
gradient, so momentum still moves them and decay shrinks them. Kind "rows": PartialFC and PartialFCAdamW, which \
gather the optimizer's state with the rows and write both back, so rows that are not sampled do not change. Their AdamW \
has one step for all rows, which starts at 2 because torch adds 1 to the step that the code sets. SGD's momentum buffers \
start at 0, which equals torch's first step without dampening."""

CLASSES, DIMENSIONS, BATCH, STEPS = 40, 16, 8, 3


def labels_of(step):
    return torch.from_numpy((hash_bits(BATCH, 900 + step) % np.uint32(CLASSES)).astype(np.int64))


def index_of(step, labels, count):
    """Returns the positive classes and those with the lowest hashes, in ascending order."""
    positive = torch.unique(labels).tolist()
    order = np.argsort(hash_bits(CLASSES, 950 + step), kind='stable').tolist()
    others = [c for c in order if c not in positive]
    return torch.tensor(sorted(positive + others[: max(0, count - len(positive))]))


def margin_logits(cosines, columns, scale, m2, m3, threshold):
    rows = torch.arange(len(columns))
    if threshold > 0:
        dirty = cosines.detach() > threshold
        dirty[rows, columns] = False
        cosines = cosines * (~dirty).to(cosines.dtype)
    target = cosines[rows, columns]
    if m3 > 0:
        moved = target - m3
    else:
        moved = target + (torch.cos(torch.acos(target) + m2) - target).detach()
    return cosines.index_put((rows, columns), moved) * scale


def run(name, kind, dtype, count, optimizer, options, scale=64.0, m2=0.0, m3=0.0, threshold=0.0, lr=0.01):
    fill = Fill((CLASSES, DIMENSIONS), 0.02, 930)
    weight = torch.nn.Parameter(fill.tensor(dtype))
    make = torch.optim.AdamW if optimizer == 'adamw' else torch.optim.SGD
    names = ('exp_avg', 'exp_avg_sq') if optimizer == 'adamw' else ('momentum_buffer',)
    dense = make([weight], lr=lr, foreach=False, **options)
    state = {key: torch.zeros(CLASSES, DIMENSIONS, dtype=dtype) for key in names}
    steps, after = [], []
    for step in range(STEPS):
        embeddings_fill = Fill((BATCH, DIMENSIONS), 3.0, 910 + step)
        embeddings = embeddings_fill.tensor(dtype, requires_grad=True)
        labels = labels_of(step)
        index = index_of(step, labels, count)
        columns = torch.searchsorted(index, labels)
        if kind == 'v2':
            active = weight[index]
            leaf, updater = weight, dense
        else:
            leaf = torch.nn.Parameter(weight.detach()[index].clone())
            active = leaf
            updater = make([leaf], lr=lr, foreach=False, **options)
            for key in names:
                updater.state[leaf][key] = state[key][index].clone()
            if optimizer == 'adamw':
                updater.state[leaf]['step'] = torch.tensor(float(step + 1))
        cosines = F.linear(F.normalize(embeddings), F.normalize(active)).clamp(-1, 1)
        loss = F.cross_entropy(margin_logits(cosines, columns, scale, m2, m3, threshold), columns)
        updater.zero_grad()
        loss.backward()
        square_sum = float((leaf.grad**2).sum())
        updater.step()
        if kind == 'rows':
            with torch.no_grad():
                weight[index] = leaf
            for key in names:
                state[key][index] = updater.state[leaf][key]
        steps.append({'embeddings': embeddings_fill, 'labels': labels.int(), 'index': index.int()})
        after.append(
            {
                'loss': float(loss.detach()), 'dEmbeddings': embeddings.grad, 'squareSum': square_sum,
                'centers': weight.detach().clone(),
            }
        )
    return {
        'name': name, 'kind': kind, 'optimizer': optimizer, 'lr': lr, 'options': options, 'scale': scale, 'm2': m2,
        'm3': m3, 'filterThreshold': threshold, 'centers': fill, 'steps': steps, 'afterStep': after,
    }


def cases(dtype):
    adamw = {'betas': (0.9, 0.999), 'eps': 1e-8, 'weight_decay': 0.1}
    sgd = {'momentum': 0.9, 'weight_decay': 5e-4}
    return [
        run('V2, CosFace, AdamW, all classes', 'v2', dtype, CLASSES, 'adamw', adamw, m3=0.4),
        run('V2, CosFace, AdamW', 'v2', dtype, 12, 'adamw', adamw, m3=0.4),
        run('V2, ArcFace, SGD', 'v2', dtype, 12, 'sgd', sgd, m2=0.5),
        run('V2, ArcFace, AdamW', 'v2', dtype, 12, 'adamw', adamw, m2=0.5),
        run('V2, more positives than the sample', 'v2', dtype, 4, 'sgd', sgd, m3=0.4),
        run('V2, interclass filtering', 'v2', dtype, 20, 'sgd', sgd, m3=0.4, threshold=0.3, scale=32.0),
        run('rows, CosFace, AdamW', 'rows', dtype, 12, 'adamw', adamw, m3=0.4),
        run('rows, ArcFace, AdamW', 'rows', dtype, 12, 'adamw', adamw, m2=0.5, scale=32.0),
        run('rows, CosFace, SGD', 'rows', dtype, 12, 'sgd', sgd, m3=0.4),
    ]
