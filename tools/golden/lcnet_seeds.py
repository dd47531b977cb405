"""Prints the input seed of each full lcnet case whose activations stay farthest from their corners."""

import torch

from lcnet_models import CornerWatch, create, load, weight_fills
from subjects.lcnet import INPUT_SEEDS, SEEDS, input_fill

TRIED = 12

for title in INPUT_SEEDS:
    name, size, mode = title.split(' ')
    height, width = (int(part) for part in size.split('x'))
    distances = {}
    for seed in range(TRIED):
        model = create(name)
        load(model, weight_fills(model, SEEDS[name]), torch.float64).train(mode == 'training')
        watch = CornerWatch(model)
        with torch.no_grad():
            model(input_fill(height, width, seed).tensor(torch.float64))
        distances[seed] = watch.distance
    best = max(distances, key=distances.get)
    print(f'{title}: seed {best}, distance {distances[best]:.2g}')
