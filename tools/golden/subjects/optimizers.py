"""torch.optim.AdamW and SGD, clip_grad_norm_, and timm's ModelEmaV2, over five steps."""

import torch
from timm.utils import ModelEmaV2
from torch import nn

from golden import Fill

ABOUT = (
    'Five steps of torch.optim.AdamW and torch.optim.SGD on two parameters "a" [4,3] and "b" [7], with the gradients of '
    'each step in "gradients". "afterStep" has the parameters after each step and "state" the optimizer\'s tensors '
    'after the last. lr is a list if it changes between steps. weightDecay is a number, or one number per parameter '
    '(parameter groups). clipNorm: torch.nn.utils.clip_grad_norm_ clips the gradients before each step (all parameters '
    'together: scale = min(1, maxNorm / (norm + 1e-6))); "norms" are the norms before clipping. Kind "clip": only '
    'clip_grad_norm_. Kind "ema": timm.utils.ModelEmaV2 over the AdamW steps. It starts as a copy of the '
    'parameters; then ema = decay * ema + (1 - decay) * parameter after each step.'
)

SHAPES = {'a': (4, 3), 'b': (7,)}
STEPS = 5


class TwoParameters(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        for index, (key, shape) in enumerate(SHAPES.items()):
            setattr(self, key, nn.Parameter(Fill(shape, 1.0, 8000 + index).tensor(dtype)))


def gradient_fills(scale):
    return [{key: Fill(SHAPES[key], scale, 8010 + 10 * step + i) for i, key in enumerate(SHAPES)} for step in range(STEPS)]


def run(name, kind, dtype, lr, weight_decay=0.0, gradient_scale=1.0, clip=None, ema=None, **options):
    model = TwoParameters(dtype)
    parameters = dict(model.named_parameters())
    decays = weight_decay if isinstance(weight_decay, dict) else {key: weight_decay for key in parameters}
    groups = [{'params': [parameters[key]], 'weight_decay': decays[key]} for key in parameters]
    rates = lr if isinstance(lr, list) else [lr] * STEPS
    make = torch.optim.AdamW if kind == 'adamw' else torch.optim.SGD
    optimizer = make(groups, lr=rates[0], foreach=False, **options)
    average = ModelEmaV2(model, decay=ema) if ema is not None else None
    fills = gradient_fills(gradient_scale)
    after, norms, averages = [], [], []
    for step in range(STEPS):
        for key, parameter in parameters.items():
            parameter.grad = fills[step][key].tensor(dtype)
        if clip is not None:
            norms.append(float(nn.utils.clip_grad_norm_(parameters.values(), clip)))
        for group in optimizer.param_groups:
            group['lr'] = rates[step]
        optimizer.step()
        after.append({key: parameter.detach().clone() for key, parameter in parameters.items()})
        if average is not None:
            average.update(model)
            averages.append({key: parameter.detach().clone() for key, parameter in average.module.named_parameters()})
    state = {}
    for key, parameter in parameters.items():
        found = {part: t for part, t in optimizer.state[parameter].items() if torch.is_tensor(t) and t.dim() > 0}
        if found:
            state[key] = found
    case = {
        'name': name, 'kind': 'ema' if ema is not None else kind,
        'options': {'lr': lr, 'weightDecay': weight_decay, **options, 'clipNorm': clip, 'decay': ema},
        'initial': {key: Fill(shape, 1.0, 8000 + index) for index, (key, shape) in enumerate(SHAPES.items())},
        'gradients': fills, 'afterStep': after, 'state': state,
    }
    if clip is not None:
        case['norms'] = norms
    if average is not None:
        case['emaAfterStep'] = averages
    return case


def clip_case(name, max_norm, scale, dtype):
    shapes = [(4, 3), (7,), (2, 2, 3)]
    fills = [Fill(shape, scale, 8100 + index) for index, shape in enumerate(shapes)]
    parameters = [nn.Parameter(torch.zeros(shape, dtype=dtype)) for shape in shapes]
    for parameter, fill in zip(parameters, fills):
        parameter.grad = fill.tensor(dtype)
    norm = nn.utils.clip_grad_norm_(parameters, max_norm)
    return {
        'name': name, 'kind': 'clip', 'options': {'maxNorm': max_norm}, 'gradients': fills, 'norm': float(norm),
        'clipped': [parameter.grad for parameter in parameters],
    }


def cases(dtype):
    adam = {'betas': (0.9, 0.999), 'eps': 1e-8}
    ramp = [0.002, 0.004, 0.01, 0.005, 0.0025]
    groups = {'a': 1e-2, 'b': 0.0}

    def sgd(momentum, nesterov):
        return {'momentum': momentum, 'dampening': 0.0, 'nesterov': nesterov}

    return [
        run('AdamW, decay 1e-3', 'adamw', dtype, 1e-2, 1e-3, **adam),
        run('AdamW, decay 0', 'adamw', dtype, 1e-2, 0.0, **adam),
        run('AdamW, large decay', 'adamw', dtype, 1e-2, 0.5, **adam),
        run('AdamW, tiny gradients (eps matters)', 'adamw', dtype, 1e-2, 1e-3, 3e-8, **adam),
        run('AdamW, lr changes, a decays and b does not', 'adamw', dtype, ramp, groups, **adam),
        run('AdamW, clip 0.5', 'adamw', dtype, 1e-2, 1e-3, 2.0, 0.5, **adam),
        run('SGD', 'sgd', dtype, 0.1, 0.0, **sgd(0.0, False)),
        run('SGD, momentum', 'sgd', dtype, 0.1, 0.0, **sgd(0.9, False)),
        run('SGD, momentum, decay', 'sgd', dtype, 0.1, 5e-2, **sgd(0.9, False)),
        run('SGD, Nesterov momentum, decay', 'sgd', dtype, 0.1, 5e-2, **sgd(0.9, True)),
        run('SGD, momentum, lr changes, a decays and b does not', 'sgd', dtype, ramp, groups, **sgd(0.9, False)),
        run('SGD, momentum, clip 5', 'sgd', dtype, 0.1, 1e-3, 4.0, 5.0, **sgd(0.9, False)),
        clip_case('clip 5, norm above', 5.0, 3.0, dtype),
        clip_case('clip 5, norm below', 5.0, 0.5, dtype),
        clip_case('clip 0.01', 0.01, 1.0, dtype),
        clip_case('clip 0.01, norm near it', 0.01, 0.0033, dtype),
        run('EMA 0.99 over AdamW', 'adamw', dtype, 1e-1, 1e-3, ema=0.99, **adam),
    ]
