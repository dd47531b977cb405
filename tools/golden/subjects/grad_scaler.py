"""The scale of torch.amp.GradScaler over steps with and without overflow."""

import warnings

import torch

ABOUT = (
    'torch.amp.GradScaler on the CPU. For each step, "finite" is whether the gradient is finite, "scales" and '
    '"growthTrackers" are the values after the update, and "taken" is whether the optimizer stepped.'
)


def run(options: dict, pattern: str) -> dict:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        scaler = torch.amp.GradScaler('cpu', **options)
    finite, scales, trackers, taken = [], [], [], []
    for step, kind in enumerate(pattern):
        before = parameter.detach().clone()
        optimizer.zero_grad()
        scaler.scale(parameter.sum() * 1e-3).backward()
        if kind != '.':
            parameter.grad.fill_(float('inf') if kind == 'i' else float('nan'))
        scaler.step(optimizer)
        scaler.update()
        finite.append(kind == '.')
        scales.append(scaler.get_scale())
        trackers.append(scaler._get_growth_tracker())
        taken.append(not torch.equal(before, parameter.detach()))
    return {'finite': finite, 'scales': scales, 'growthTrackers': trackers, 'taken': taken}


def cases(dtype):
    made = []
    for name, options, pattern in [
        ('defaults', {}, '..i..n...ii....'),
        ('grows', {'init_scale': 4.0, 'growth_interval': 3}, '......i..i...n....'),
        ('other factors', {'init_scale': 10.0, 'growth_factor': 1.5, 'backoff_factor': 0.3, 'growth_interval': 2}, '..i....in....'),
        ('up to what float32 holds', {'init_scale': 2.0**125, 'growth_interval': 1}, '.....i...'),
    ]:
        names = {'init_scale': 'initScale', 'growth_interval': 'growthInterval', 'growth_factor': 'growthFactor',
                 'backoff_factor': 'backoffFactor'}
        made.append({
            'name': name,
            'options': {names[key]: value for key, value in options.items()},
            **run(options, pattern),
        })
    return made
