"""Prints the input seed of each full backbone case whose activations stay farthest from their corners.

python tools/golden/backbone_seeds.py [name ...]
"""

import importlib
import sys

import torch

import backbone_models
from lcnet_models import CornerWatch, load

TRIED = 8


def best(name, size, train, seed):
    distances = {}
    for chosen in range(TRIED):
        model = backbone_models.create(name)
        load(model, backbone_models.fills(model, seed), torch.float64).train(train)
        watch = CornerWatch(model)
        with torch.no_grad():
            model(backbone_models.input_fill(size, seed, chosen).tensor(torch.float64))
        distances[chosen] = watch.distance
    return max(distances, key=distances.get), max(distances.values())


for subject in sys.argv[1:]:
    module = importlib.import_module(f'subjects.{subject}')
    module.short_case = lambda *_: None

    def full_case(name, size, train, dtype, seed):
        chosen, distance = best(name, size, train, seed)
        mode = 'training' if train else 'evaluation'
        print(f"    '{name} {size}x{size} {mode}': {chosen},  # {distance:.2g}", flush=True)

    module.full_case = full_case
    module.cases(torch.float64)
