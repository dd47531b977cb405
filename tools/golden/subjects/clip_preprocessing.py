"""CLIP's preprocessing of real photographs by PIL and torchvision, as in open_clip's image_transform."""

import numpy as np
import torch
from open_clip.transform import image_transform
from PIL import Image
from skimage import data
from torchvision.transforms import CenterCrop, InterpolationMode, Resize

from golden import sample

ABOUT = """\
"photo" [H,W,3] uint8 is a part of a photograph from scikit-image (astronaut: NASA, public domain; chelsea, Stefan van der \
Walt, and coffee, Rachel Michetti: CC0). "pixels" [imageSize,imageSize,3] is the photo after torchvision's Resize of the \
short side to resizeTo, by PIL, and CenterCrop to imageSize. "input" [3,imageSize,imageSize] is open_clip's \
image_transform(is_train=False) with "mean" and "std"; bicubic cases with resizeTo equal to imageSize have it."""

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def case(name, photo, size, resize_to=None, interpolation='bicubic'):
    image = Image.fromarray(photo)
    pixels = CenterCrop(size)(Resize(resize_to or size, InterpolationMode(interpolation))(image))
    made = {
        'name': name, 'imageSize': size, 'resizeTo': resize_to or size, 'interpolation': interpolation,
        'mean': list(MEAN), 'std': list(STD), 'photo': torch.from_numpy(photo.copy()),
        'pixels': torch.from_numpy(np.asarray(pixels).copy()),
    }
    if resize_to is None and interpolation == 'bicubic':
        made['input'] = sample(image_transform(size, is_train=False, mean=MEAN, std=STD)(image), 0)
    return made


def cases(dtype):
    face = data.astronaut()[20:120, 180:256]
    cat = data.chelsea()[90:166, 110:210]
    cup = data.coffee()[120:160, 330:379]
    return [
        case('shrunk, upright', face, 48),
        case('shrunk much, wide', cat, 21),
        case('odd rests of the crop', cat, 47),
        case('enlarged', cup, 57),
        case('as large as it is', cat, 76),
        case('resized to more than is cut out', face, 40, 46),
        case('bilinear', face, 33, interpolation='bilinear'),
    ]
