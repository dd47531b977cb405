"""One training step of the benchmark's network in PyTorch on the CPU, timed on demand.

The same network, loss and optimizer as the `unitsphere` contender: the features of timm's or insightface's network, a 1x1
convolution to a quarter of the channels, Linear -> LayerNorm -> BatchNorm twice, CosFace over all classes, AdamW, gradient
clipping; float32.
The protocol is that of src/contender/protocol.ts: one JSON object per line.
"""

import argparse
import time

from contender import send, serve


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--backbone', default='lcnet_050', help='name in timm')
    parser.add_argument('--image-size', type=int, default=128)
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--classes', type=int, default=10_000)
    parser.add_argument('--embedding', type=int, default=256)
    parser.add_argument('--norm', choices=['layernorm-batchnorm', 'layernorm'], default='layernorm-batchnorm')
    parser.add_argument('--threads', type=int, default=None, help="default: PyTorch's own choice")
    parser.add_argument('--memory-format', choices=['contiguous', 'channels_last'], default='contiguous')
    parser.add_argument('--adamw', choices=['default', 'foreach', 'fused'], default='default')
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument('--compile', action='store_true', help='torch.compile the network and the loss')
    parser.add_argument('--autocast', action='store_true', help="the forward pass runs in torch.autocast('cpu', torch.bfloat16)")
    parser.add_argument('--profile', type=int, default=0, metavar='STEPS', help='profile this many steps, print the result and exit')
    return parser.parse_args()


def make_backbone(args):
    """Returns a network of one feature map, its channels and its reduction."""
    import timm

    if args.backbone == 'iresnet18':
        return make_iresnet([2, 2, 2, 2]), 512, 16
    # Only the deepest feature map, without the layers after it.
    size = {'img_size': args.image_size} if args.backbone.startswith('vit_') else {}
    network = timm.create_model(args.backbone, pretrained=False, features_only=True, out_indices=(-1,), **size)
    return network, network.feature_info.channels()[-1], network.feature_info.reduction()[-1]


def make_iresnet(depths):
    """The convolutions of insightface's IResNet (arcface_torch/backbones/iresnet.py)."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs, channels, stride):
            super().__init__()
            self.body = nn.Sequential(
                nn.BatchNorm2d(inputs),
                nn.Conv2d(inputs, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.PReLU(channels),
                nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(channels),
            )
            self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels))

        def forward(self, x):
            return self.body(x) + self.shortcut(x)

    layers, inputs = [nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)], 64
    for stage, depth in enumerate(depths):
        for i in range(depth):
            layers.append(Block(inputs, 64 << stage, 2 if i == 0 else 1))
            inputs = 64 << stage

    class Network(nn.Sequential):
        def forward(self, x):
            return [super().forward(x)]

    return Network(*layers, nn.BatchNorm2d(inputs))


def make_step(args):
    """Creates the function that trains on a batch and returns the loss."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(0)
    channels_last = args.memory_format == 'channels_last'

    def norm(features):
        if args.norm == 'layernorm':
            return nn.LayerNorm(features)
        return nn.Sequential(nn.LayerNorm(features), nn.BatchNorm1d(features))

    class Model(nn.Module):
        """Maps images to embeddings, which are not normalized yet."""

        def __init__(self):
            super().__init__()
            self.backbone, channels, reduction = make_backbone(args)
            side = -(-args.image_size // reduction)
            squeezed = round(channels / 4)
            self.neck = nn.Conv2d(channels, squeezed, 1, bias=False)
            self.head = nn.Sequential(
                nn.Linear(squeezed * side * side, args.embedding, bias=False),
                norm(args.embedding),
                nn.Linear(args.embedding, args.embedding, bias=False),
                norm(args.embedding),
            )

        def forward(self, images):
            return self.head(self.neck(self.backbone(images)[0]).flatten(1))

    class CosFace(nn.Module):
        """Mean cross-entropy of s * (cos - m at the label) over all classes."""

        def __init__(self, scale=64.0, margin=0.4):
            super().__init__()
            self.scale = scale
            self.margin = margin
            self.centers = nn.Parameter(torch.randn(args.classes, args.embedding) * 0.01)

        def forward(self, embeddings, labels):
            cosines = functional.linear(functional.normalize(embeddings), functional.normalize(self.centers))
            rows = torch.arange(len(labels), device=labels.device)
            # In place, as in insightface, to avoid a second matrix of all classes.
            cosines[rows, labels] -= self.margin
            return functional.cross_entropy(cosines * self.scale, labels)

    device = torch.device(args.device)
    model, criterion = Model().train().to(device), CosFace().to(device)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    parameters = [*model.parameters(), *criterion.parameters()]
    groups = [
        {'params': [p for p in parameters if p.dim() > 1]},
        {'params': [p for p in parameters if p.dim() <= 1], 'weight_decay': 0.0},
    ]
    choice = {} if args.adamw == 'default' else {args.adamw: True}
    optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=1e-3, **choice)

    images = torch.randn(args.batch, 3, args.image_size, args.image_size, device=device)
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)

    def forward(labels):
        with torch.autocast(args.device, torch.bfloat16, enabled=args.autocast):
            return criterion(model(images), labels)

    if args.compile:
        forward = torch.compile(forward)

    def step():
        # New labels in each step: gradients of a memorized batch become denormal numbers, which are slow.
        loss = forward(torch.randint(0, args.classes, (args.batch,), device=device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        return loss.item()

    return step


def profile(step, steps):
    import torch
    from torch.profiler import ProfilerActivity, profile as profiler

    for _ in range(3):
        step()
    with profiler(activities=[ProfilerActivity.CPU]) as result:
        started = time.perf_counter()
        for _ in range(steps):
            step()
        elapsed = time.perf_counter() - started
    print(f'{torch.__version__}, {torch.get_num_threads()} threads: {1000 * elapsed / steps:.1f} ms per step while profiling')
    print(result.key_averages().table(sort_by='self_cpu_time_total', row_limit=30, max_name_column_width=55))


def main():
    args = arguments()
    try:
        import timm
        import torch
    except ImportError as error:
        # The runner reports the missing package and how to install it.
        send({'absent': str(error)})
        return
    if args.device == 'cuda' and not torch.cuda.is_available():
        send({'absent': 'PyTorch finds no NVIDIA GPU.'})
        return
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.profile:
        profile(make_step(args), args.profile)
    else:
        serve({'timm': timm.__version__, 'build': torch.__config__.show()}, lambda: make_step(args))


if __name__ == '__main__':
    main()
