"""timm's LCNet features: every stage map, every gradient, running statistics."""

import torch

from golden import Fill, gradients, sample
from lcnet_models import NAMES, CornerWatch, create, load, weight_fills

ABOUT = (
    "timm.create_model(name, features_only=True, out_indices=(0, 1, 2, 3, 4)) with the weights in \"state\" (timm's "
    'keys; num_batches_tracked starts at 0). BatchNorm eps 1e-5, momentum 0.1. "features" are the five stage maps '
    '[N,C,H,W]. "dx" and "gradients" are the gradients of sum(last map * dy); "running" are the running statistics after '
    'one training pass. Tensors of more than 2,048 elements are sampled, except the last map. Every activation input is '
    'at least cornerDistance from the points where its derivative jumps, so float32 takes the same branches.'
)

SEEDS = {name: 100000 * (index + 1) for index, name in enumerate(NAMES)}
# Chosen by `python tools/golden/lcnet_seeds.py` to be far from every corner of the activations.
INPUT_SEEDS = {
    'lcnet_050 64x64 evaluation': 7,
    'lcnet_050 64x64 training': 9,
    'lcnet_050 96x80 evaluation': 3,
    'lcnet_050 96x80 training': 8,
}
LEAST_CORNER_DISTANCE = 5e-5


def input_fill(height, width, seed):
    return Fill((2, 3, height, width), 1.0, 90000 + seed)


def full_case(height, width, train, dtype):
    name = 'lcnet_050'
    title = f'{name} {height}x{width} ' + ('training' if train else 'evaluation')
    model = create(name)
    state = weight_fills(model, SEEDS[name])
    load(model, state, dtype).train(train)
    watch = CornerWatch(model)
    x = input_fill(height, width, INPUT_SEEDS[title])
    value = x.tensor(dtype, True)
    maps = model(value)
    if watch.distance < LEAST_CORNER_DISTANCE:
        raise AssertionError(f'{title}: an activation input lies {watch.distance:g} from a corner; choose another seed')
    dy = Fill(tuple(maps[-1].shape), 1.0, 99000)
    found = gradients(maps[-1], dy.tensor(dtype), {'x': value, **dict(model.named_parameters())})
    case = {
        'name': title, 'model': name, 'mode': 'training' if train else 'evaluation',
        'cornerDistance': float(f'{watch.distance:.2g}'),
        'state': state, 'x': x, 'features': [*(sample(m) for m in maps[:-1]), maps[-1]],
        'dy': dy, 'dx': sample(found.pop('x')), 'gradients': {key: sample(g) for key, g in found.items()},
    }
    if train:
        case['running'] = {key: t for key, t in model.state_dict().items() if 'running' in key}
    return case


def short_case(name, dtype, train):
    model = create(name)
    state = weight_fills(model, SEEDS[name])
    load(model, state, dtype).train(train)
    x = input_fill(64, 64, 50)
    with torch.no_grad():
        maps = model(x.tensor(dtype))
    return {
        'name': f'{name} 64x64 last map' + (', training' if train else ''),
        'model': name, 'mode': 'training' if train else 'evaluation', 'state': state, 'x': x, 'features': [sample(maps[-1])],
    }


def cases(dtype):
    made = [full_case(h, w, train, dtype) for h, w in ((64, 64), (96, 80)) for train in (False, True)]
    return made + [short_case(name, dtype, train) for name in NAMES if name != 'lcnet_050' for train in (False, True)]
