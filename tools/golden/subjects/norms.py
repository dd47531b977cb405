"""BatchNorm in training and evaluation, LayerNorm, and LayerNorm then BatchNorm1d, with their gradients."""

import torch
from torch import nn

from golden import Fill, NormTerms, gradients, mark_canceling

ABOUT = (
    'torch.nn.BatchNorm2d and BatchNorm1d (eps 1e-5, momentum 0.1) and torch.nn.LayerNorm over the last axis (eps '
    '1e-5). "training": three training steps on inputs "x" (a list), each y in the list "y"; dx, dWeight and dBias '
    'are the gradients of sum(y * dy) at the first step; "afterStep" holds the running statistics after each step '
    '(running = 0.9 running + 0.1 batch, the variance with n - 1), starting from "initial", or else from mean 0 and '
    'variance 1. "evaluation": one step with the stored runningMean and runningVar. "x" is [N,C,H,W] for '
    'BatchNorm2d, [B,C] for BatchNorm1d; LayerNorm normalizes the last axis of any x. A gradient with "scale" is '
    'the small remainder of canceling terms of that size, to which its error is relative.'
)


def batch_norm(kind, channels, weight, bias, dtype, mean=None, var=None):
    norm = kind(channels).to(dtype)
    with torch.no_grad():
        norm.weight.copy_(weight.tensor(dtype))
        norm.bias.copy_(bias.tensor(dtype))
        if mean is not None:
            norm.running_mean.copy_(mean.tensor(dtype))
            norm.running_var.copy_(var.tensor(dtype))
    return norm


def training(name, kind, shape, dtype, seed, scale=1.0, offset=0.3, initial=False):
    c = shape[1]
    weight, bias = Fill((c,), 0.4, seed, 1.0), Fill((c,), 0.3, seed + 1)
    mean, var = Fill((c,), 0.5, seed + 2), Fill((c,), 0.5, seed + 3, 1.0)
    norm = batch_norm(kind, c, weight, bias, dtype, *((mean, var) if initial else ()))
    norm.train()
    inputs = [Fill(shape, scale, seed + 4 + step, offset * (step + 1)) for step in range(3)]
    dy = Fill(shape, 1.0, seed + 8)
    case = {'name': name, 'kind': kind.__name__, 'mode': 'training', 'eps': norm.eps, 'momentum': norm.momentum}
    case.update(weight=weight, bias=bias, x=inputs, dy=dy)
    if initial:
        case['initial'] = {'runningMean': mean, 'runningVar': var}
    outputs, after = [], []
    for step, fill in enumerate(inputs):
        x = fill.tensor(dtype, step == 0)
        y = norm(x)
        if step == 0:
            found = gradients(y, dy.tensor(dtype), {'dx': x, 'dWeight': norm.weight, 'dBias': norm.bias})
            axes = [axis for axis in range(x.dim()) if axis != 1]
            deviation = (x.detach().var(axes, unbiased=False) + norm.eps).sqrt()
            found['dx'] = mark_canceling(found['dx'], dy.tensor(dtype).abs().amax(axes) * norm.weight / deviation)
            case.update(found)
        outputs.append(y)
        after.append({
            'runningMean': norm.running_mean.clone(),
            'runningVar': norm.running_var.clone(),
            'numBatchesTracked': int(norm.num_batches_tracked),
        })
    return {**case, 'y': outputs, 'afterStep': after}


def evaluation(name, kind, shape, dtype, seed):
    c = shape[1]
    weight, bias = Fill((c,), 0.4, seed, 1.0), Fill((c,), 0.3, seed + 1)
    mean, var = Fill((c,), 0.5, seed + 2), Fill((c,), 0.5, seed + 3, 1.0)
    norm = batch_norm(kind, c, weight, bias, dtype, mean, var).eval()
    x, dy = Fill(shape, 1.0, seed + 4), Fill(shape, 1.0, seed + 5)
    value = x.tensor(dtype, True)
    y = norm(value)
    return {
        'name': name, 'kind': kind.__name__, 'mode': 'evaluation', 'eps': norm.eps,
        'weight': weight, 'bias': bias, 'runningMean': mean, 'runningVar': var, 'x': x, 'y': y, 'dy': dy,
        **gradients(y, dy.tensor(dtype), {'dx': value, 'dWeight': norm.weight, 'dBias': norm.bias}),
    }


def layer_norm(name, shape, dtype, seed, scale=1.0, offset=0.0, constant_row=False):
    c = shape[-1]
    weight, bias = Fill((c,), 0.4, seed, 1.0), Fill((c,), 0.3, seed + 1)
    x, dy = Fill(shape, scale, seed + 2, offset), Fill(shape, 1.0, seed + 3)
    stored = x
    value = x.tensor(dtype)
    if constant_row:
        value[1] = 0.75
        stored = value.clone()
    value.requires_grad_()
    norm = nn.LayerNorm(c).to(dtype)
    with torch.no_grad():
        norm.weight.copy_(weight.tensor(dtype))
        norm.bias.copy_(bias.tensor(dtype))
    y = norm(value)
    return {
        'name': name, 'kind': 'LayerNorm', 'eps': norm.eps, 'weight': weight, 'bias': bias, 'x': stored, 'y': y, 'dy': dy,
        **gradients(y, dy.tensor(dtype), {'dx': value, 'dWeight': norm.weight, 'dBias': norm.bias}),
    }


def layer_then_batch(name, shape, dtype, seed, train):
    c = shape[1]
    fills = {
        '0.weight': Fill((c,), 0.4, seed, 1.0), '0.bias': Fill((c,), 0.3, seed + 1),
        '1.weight': Fill((c,), 0.4, seed + 2, 1.0), '1.bias': Fill((c,), 0.3, seed + 3),
        '1.running_mean': Fill((c,), 0.5, seed + 4), '1.running_var': Fill((c,), 0.5, seed + 5, 1.0),
    }
    module = nn.Sequential(nn.LayerNorm(c), nn.BatchNorm1d(c)).to(dtype)
    module.load_state_dict({key: fill.tensor(dtype) for key, fill in fills.items()}, strict=False)
    module.train(train)
    x, dy = Fill(shape, 1.0, seed + 6), Fill(shape, 1.0, seed + 7)
    terms = NormTerms(module)
    value = x.tensor(dtype, True)
    y = module(value)
    parameters = dict(module.named_parameters())
    found = terms.mark(gradients(y, dy.tensor(dtype), {'x': value, **parameters}))
    return {
        'name': name, 'kind': 'LayerNorm then BatchNorm1d', 'mode': 'training' if train else 'evaluation',
        'state': fills, 'x': x, 'y': y, 'dy': dy, 'dx': found.pop('x'), 'gradients': found,
        'afterStep': {'1.running_mean': module[1].running_mean, '1.running_var': module[1].running_var},
    }


def cases(dtype):
    return [
        training('BatchNorm2d, training', nn.BatchNorm2d, (3, 5, 4, 3), dtype, 4000),
        training('BatchNorm2d, training, running statistics given', nn.BatchNorm2d, (2, 8, 3, 3), dtype, 4020, initial=True),
        training('BatchNorm2d, training, mean far from zero', nn.BatchNorm2d, (4, 3, 4, 4), dtype, 4040, 0.5, 100.0),
        training('BatchNorm1d, training', nn.BatchNorm1d, (6, 7), dtype, 4060),
        training('BatchNorm1d, training, batch of two', nn.BatchNorm1d, (2, 5), dtype, 4080),
        evaluation('BatchNorm2d, evaluation', nn.BatchNorm2d, (3, 5, 4, 3), dtype, 4100),
        evaluation('BatchNorm1d, evaluation', nn.BatchNorm1d, (6, 7), dtype, 4120),
        layer_norm('LayerNorm, [B,C]', (6, 12), dtype, 4140),
        layer_norm('LayerNorm, [B,T,C]', (2, 5, 9), dtype, 4160),
        layer_norm('LayerNorm, mean far from zero', (4, 32), dtype, 4180, 0.5, 100.0),
        layer_norm('LayerNorm, a constant row', (3, 8), dtype, 4200, constant_row=True),
        layer_then_batch('LayerNorm then BatchNorm1d, training', (6, 12), dtype, 4220, True),
        layer_then_batch('LayerNorm then BatchNorm1d, evaluation', (6, 12), dtype, 4240, False),
    ]
