"""timm's evaluation transforms of parts of real photographs."""

import numpy as np
import torch
from PIL import Image
from skimage import data
from timm.data import create_transform

from golden import sample

ABOUT = """\
"photo" [H,W,3] uint8, or [H,W,4] with an alpha channel, is a part of a photograph from scikit-image (chelsea, Stefan van \
der Walt, and coffee, Rachel Michetti: CC0). "config" is a timm pretrained_cfg. "input" [3,size,size] is the result of \
timm.data.create_transform with it."""

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def case(name, photo, size, crop_pct, interpolation, crop_mode='center', mean=MEAN, std=STD):
    config = {
        'input_size': [3, size, size], 'mean': list(mean), 'std': list(std), 'crop_pct': crop_pct,
        'crop_mode': crop_mode, 'interpolation': interpolation,
    }
    transform = create_transform(**{**config, 'input_size': (3, size, size)})
    made = transform(Image.fromarray(photo).convert('RGB'))
    return {'name': name, 'config': config, 'photo': torch.from_numpy(photo.copy()), 'input': sample(made, 0)}


def cases(dtype):
    cat = data.chelsea()[100:156, 120:204]
    cup = data.coffee()[120:160, 330:379]
    half = np.full(cat.shape[:2], 255, np.uint8)
    half[:, ::2] = 128
    return [
        case('bicubic, 0.875', cat, 28, 0.875, 'bicubic'),
        case('bilinear, 0.95, enlarged', cup, 57, 0.95, 'bilinear'),
        case('squashed', cat, 33, 1.0, 'bicubic', 'squash'),
        case('squashed and cut', cup, 30, 0.9, 'bilinear', 'squash'),
        case('with borders', cat, 34, 1.0, 'bilinear', 'border'),
        case('with borders, odd and cut', cup, 31, 0.9, 'bicubic', 'border'),
        case('with borders, enlarged', cup[:, :25], 45, 1.0, 'bilinear', 'border'),
        case('nearest, with borders', cat, 39, 1.0, 'nearest', 'border'),
        case('nearest', cat, 39, 0.9, 'nearest'),
        case('nearest, enlarged', cup, 61, 0.875, 'nearest'),
        case('alpha, half for half', np.dstack([cat, half]), 24, 0.875, 'bilinear', mean=(0.5,) * 3, std=(0.5,) * 3),
    ]
