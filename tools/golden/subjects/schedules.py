"""Learning rate multipliers, applied by torch.optim.lr_scheduler.LambdaLR."""

import math

import torch
from torch.optim.lr_scheduler import LambdaLR

ABOUT = (
    'The multiplier of the base learning rate at optimizer step k = 0 … total - 1, as torch.optim.lr_scheduler.LambdaLR '
    'applies it. For k < warmup: (k + 1) / warmup, so the first step is 1 / warmup. For k >= warmup, with progress = '
    '(k - warmup) / (total - warmup): polynomial: end + (1 - end) * (1 - progress)**power; cosine: end + (1 - end) * '
    '(1 + cos(pi * progress)) / 2. Thus k = warmup - 1 and k = warmup both have 1, and the last step is above end. warmup '
    'is a number of steps. Multipliers are JSON numbers (float64).'
)


def factor(kind, k, total, warmup, power, end):
    if k < warmup:
        return (k + 1) / warmup
    progress = (k - warmup) / (total - warmup)
    fallen = (1 - progress) ** power if kind == 'polynomial' else (1 + math.cos(math.pi * progress)) / 2
    return end + (1 - end) * fallen


def case(kind, total, warmup, power=1.0, end=0.0):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = LambdaLR(optimizer, lambda k: factor(kind, k, total, warmup, power, end))
    multipliers = []
    for _ in range(total):
        multipliers.append(float(optimizer.param_groups[0]['lr']))
        optimizer.step()
        scheduler.step()
    options = {'totalSteps': total, 'warmupSteps': warmup, 'end': end}
    if kind == 'polynomial':
        options['power'] = power
    name = f'{kind}, {warmup} of {total} steps warm-up' + (f', power {power:g}' if kind == 'polynomial' else '')
    return {
        'name': name + (f', end {end:g}' if end else ''),
        'kind': kind, 'options': options,
        # Fifteen digits, because the last one depends on a machine's cosine.
        'multipliers': [float(f'{value:.15g}') for value in multipliers],
    }


def cases(dtype):
    return [
        case('polynomial', 50, 5),
        case('polynomial', 50, 5, 2.0),
        case('polynomial', 50, 5, 1.0, 0.1),
        case('polynomial', 10, 0),
        case('polynomial', 10, 1),
        case('polynomial', 7, 6, 2.0),
        case('cosine', 50, 5),
        case('cosine', 50, 5, end=0.1),
        case('cosine', 10, 0),
    ]
