"""Forward and gradient of the losses of pytorch-metric-learning on the CPU, timed on demand.

The protocol is that of src/contender/protocol.ts: one JSON object per line.
"""

import sys
from types import SimpleNamespace

from contender import send, serve


def create_loss(args):
    from pytorch_metric_learning import losses

    proxies = {'num_classes': args.classes, 'embedding_size': args.dimensions}
    creators = {
        'contrastive': losses.ContrastiveLoss,
        'triplet-margin': losses.TripletMarginLoss,
        'multi-similarity': losses.MultiSimilarityLoss,
        'circle': losses.CircleLoss,
        'ntxent': losses.NTXentLoss,
        'supcon': losses.SupConLoss,
        'lifted-structure': losses.LiftedStructureLoss,
        'n-pairs': losses.NPairsLoss,
        'angular': losses.AngularLoss,
        'margin': losses.MarginLoss,
        'fast-ap': losses.FastAPLoss,
        'smooth-ap': losses.SmoothAPLoss,
        'proxy-anchor': lambda: losses.ProxyAnchorLoss(**proxies),
        'proxy-nca': lambda: losses.ProxyNCALoss(**proxies),
        'soft-triple': lambda: losses.SoftTripleLoss(**proxies),
        'subcenter-arcface': lambda: losses.SubCenterArcFaceLoss(**proxies),
    }
    return creators[args.loss]() if args.loss in creators else create_siglip()


def create_siglip():
    """The sigmoid loss, which the library lacks, as its paper defines it, among the rows of one batch."""
    import torch
    from torch.nn import functional

    class SigLIPLoss(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.log_scale = torch.nn.Parameter(torch.tensor(2.302585))
            self.bias = torch.nn.Parameter(torch.tensor(-10.0))

        def forward(self, x, labels):
            unit = functional.normalize(x)
            logits = unit @ unit.T * self.log_scale.exp() + self.bias
            sign = 2.0 * (labels[:, None] == labels[None]) - 1
            losses = -functional.logsigmoid(sign * logits)
            losses = losses.masked_fill(torch.eye(len(x), dtype=torch.bool), 0)
            return losses.sum(1).mean()

    return SigLIPLoss()


def make_step(workload):
    """Creates the function that computes the loss and its gradients once and returns the loss."""
    args = SimpleNamespace(**workload)
    import torch
    from pytorch_metric_learning.losses import CrossBatchMemory

    torch.manual_seed(0)
    loss = create_loss(args)
    parameters = list(loss.parameters())
    batches = [torch.randn(args.batch, args.dimensions).requires_grad_() for _ in range(4)]
    labels = torch.arange(args.batch) // args.perClass
    if args.memory:
        loss = CrossBatchMemory(loss, args.dimensions, memory_size=args.memory)
        # A full memory, as after the first epochs.
        loss.embedding_memory.copy_(torch.randn(args.memory, args.dimensions))
        loss.label_memory.copy_(torch.randint(0, args.classes, (args.memory,)))
        loss.has_been_filled = True
    count = 0

    def step():
        nonlocal count
        x = batches[count % len(batches)]
        count += 1
        for tensor in [x, *parameters]:
            tensor.grad = None
        value = loss(x, labels)
        value.backward()
        return value.item()

    return step


def main():
    try:
        import pytorch_metric_learning
        import torch
    except ImportError as error:
        # The runner reports the missing package and how to install it.
        send({'absent': str(error)})
        return
    if len(sys.argv) > 1:
        torch.set_num_threads(int(sys.argv[1]))
    serve({'library': pytorch_metric_learning.__version__}, make_step)


if __name__ == '__main__':
    main()
