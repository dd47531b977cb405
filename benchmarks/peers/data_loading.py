"""Loads batches of images from a folder of JPEG files with PyTorch's DataLoader, timed on demand.

Decoding and the operations of src/data/load-on-demand.ts, each with probability 0.5: a crop of 0.8 to 1 of the area, Gaussian blur,
Gaussian noise, color jitter. The loader runs in this process on one thread, which is its highest speed a core.
The protocol is that of src/contender/protocol.ts: one JSON object per line.
"""

import argparse
import math
import os
import random

from contender import serve

SCALE, RATIO = (0.8, 1.0), (3 / 4, 4 / 3)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('library', choices=['torchvision', 'pillow', 'albumentations'])
    parser.add_argument('--folder', required=True)
    parser.add_argument('--size', type=int, required=True)
    parser.add_argument('--batch', type=int, default=32)
    return parser.parse_args()


def torchvision_transform(size, from_pillow):
    """torchvision.transforms.v2 on uint8 tensors; images of Pillow are cropped and resized before they become tensors."""
    import torch
    from torchvision.transforms import v2

    class Noise(torch.nn.Module):
        def forward(self, image):
            sigma = math.sqrt(random.uniform(10, 50))
            return (image + torch.randn(image.shape) * sigma).round_().clamp_(0, 255).to(torch.uint8)

    return v2.Compose([
        v2.RandomChoice([v2.RandomResizedCrop(size, SCALE, RATIO), v2.Resize((size, size))]),
        *([v2.PILToTensor()] if from_pillow else []),
        v2.RandomApply([v2.RandomChoice([v2.GaussianBlur(k, 0.3 * ((k - 1) / 2 - 1) + 0.8) for k in (3, 5, 7)])]),
        v2.RandomApply([Noise()]),
        v2.RandomApply([v2.ColorJitter(0.3, 0.1, 0.1, 0.2)]),
    ])


def albumentations_transform(size):
    import albumentations as A

    return A.Compose([
        A.OneOf([A.RandomResizedCrop((size, size), SCALE, RATIO, p=1), A.Resize(size, size, p=1)], p=1),
        A.OneOf(
            [A.GaussianBlur(blur_limit=k, sigma_limit=0.3 * ((k - 1) / 2 - 1) + 0.8, p=1) for k in (3, 5, 7)], p=0.5
        ),
        A.GaussNoise(std_range=(math.sqrt(10) / 255, math.sqrt(50) / 255), p=0.5),
        A.ColorJitter((0.7, 1.3), (0.9, 1.1), (0.9, 1.1), (-0.2, 0.2), p=0.5),
    ])


def make_step(args):
    import torch
    from torch.utils.data import DataLoader, Dataset

    torch.set_num_threads(1)
    torch.manual_seed(0)
    paths = sorted(os.path.join(args.folder, name) for name in os.listdir(args.folder))
    if args.library == 'albumentations':
        import cv2

        cv2.setNumThreads(1)
        transform = albumentations_transform(args.size)

        def load(path):
            return transform(image=cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB))['image']
    elif args.library == 'torchvision':
        from torchvision.io import ImageReadMode, decode_jpeg, read_file

        transform = torchvision_transform(args.size, False)

        def load(path):
            return transform(decode_jpeg(read_file(path), ImageReadMode.RGB))
    else:
        from PIL import Image

        transform = torchvision_transform(args.size, True)

        def load(path):
            return transform(Image.open(path).convert('RGB'))

    class Files(Dataset):
        def __len__(self):
            return len(paths)

        def __getitem__(self, i):
            return load(paths[i])

    def batches():
        while True:
            yield from DataLoader(Files(), args.batch, shuffle=True, drop_last=len(paths) >= args.batch)

    source = batches()
    return lambda: float(next(source).reshape(-1)[::997].float().mean())


def main():
    args = arguments()
    if args.library == 'albumentations':
        os.environ['NO_ALBUMENTATIONS_UPDATE'] = '1'
        import albumentations
        import cv2

        about = {'library': f'Albumentations {albumentations.__version__} with OpenCV {cv2.__version__}'}
    elif args.library == 'torchvision':
        import torchvision

        about = {'library': f'torchvision {torchvision.__version__} on tensors'}
    else:
        import PIL
        import torchvision

        about = {'library': f'torchvision {torchvision.__version__} on Pillow {PIL.__version__}'}
    serve(about, lambda: make_step(args))


if __name__ == '__main__':
    main()
