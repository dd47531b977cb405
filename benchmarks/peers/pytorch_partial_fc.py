"""One step of PartialFC V2 in PyTorch on the CPU, timed on demand.

Implements the published algorithm (An et al., "Killing Two Birds with One Stone", CVPR 2022) in float32. A step gathers the
classes of the batch and uniformly drawn others with the state of their optimizer. It computes the cosines, CosFace, the softmax
cross-entropy and the gradients, applies AdamW to the gathered rows, and writes them back.
The protocol is that of src/contender/protocol.ts: one JSON object per line.
"""

import argparse
import math

from contender import send, serve

SCALE, MARGIN = 64.0, 0.4
LR, BETAS, EPS, WEIGHT_DECAY = 1e-3, (0.9, 0.999), 1e-8, 1e-2


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--classes', type=int, default=400_000)
    parser.add_argument('--dimensions', type=int, default=256)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--sampled', type=int, default=40_000)
    parser.add_argument('--threads', type=int, default=None, help="default: PyTorch's own choice")
    parser.add_argument('--adamw', choices=['fused', 'by-hand'], default='fused')
    parser.add_argument('--gradient', choices=['tape', 'by-hand'], default='tape')
    return parser.parse_args()


def make_step(args):
    """Creates the function that runs one step and returns its loss."""
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    weight = torch.randn(args.classes, args.dimensions) * 0.01
    exp_avg, exp_avg_sq = torch.zeros_like(weight), torch.zeros_like(weight)

    def sample(labels):
        """Returns the sampled classes in ascending order, and the positions of the labels in them."""
        positive = labels.unique()
        priority = torch.rand(args.classes)
        priority[positive] = 2.0
        chosen = torch.topk(priority, max(args.sampled, len(positive)), sorted=False).indices.sort().values
        return chosen, torch.searchsorted(chosen, labels)

    def loss_on_tape(embeddings, rows, labels):
        rows.requires_grad_()
        embeddings.requires_grad_()
        cosines = functional.linear(functional.normalize(embeddings), functional.normalize(rows))
        # In place, as in insightface, to avoid a second matrix.
        cosines[torch.arange(len(labels)), labels] -= MARGIN
        loss = functional.cross_entropy(cosines * SCALE, labels)
        loss.backward()
        return loss, rows.grad

    def loss_by_hand(embeddings, rows, labels):
        """Computes the same gradients with the fewest passes over memory that plain PyTorch allows."""
        unit = functional.normalize(embeddings)
        inverse = torch.linalg.vector_norm(rows, dim=1).clamp_min_(1e-12).reciprocal_()
        cosines = (unit @ rows.T).mul_(inverse)
        at = torch.arange(len(labels))
        logits = cosines * SCALE
        logits[at, labels] -= SCALE * MARGIN
        log_sum = torch.logsumexp(logits, 1)
        loss = (log_sum - logits[at, labels]).mean()
        d = logits.sub_(log_sum[:, None]).exp_()
        d[at, labels] -= 1.0
        d.mul_(SCALE / len(labels))
        along = (d * cosines).sum(0)
        d.mul_(inverse)
        embedding_gradient = d @ rows
        gradient = torch.addcmul(d.T @ unit, rows, (along * inverse.square())[:, None], value=-1)
        # Backward pass through the normalization of the embeddings.
        norms = torch.linalg.vector_norm(embeddings, dim=1, keepdim=True)
        (embedding_gradient - unit * (embedding_gradient * unit).sum(1, keepdim=True)).div_(norms)
        return loss, gradient

    def update(rows, mean, square, gradient, step):
        if args.adamw == 'by-hand':
            rows.mul_(1 - LR * WEIGHT_DECAY)
            mean.lerp_(gradient, 1 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
            denominator = square.sqrt().div_(math.sqrt(1 - BETAS[1] ** step)).add_(EPS)
            rows.addcdiv_(mean, denominator, value=-LR / (1 - BETAS[0] ** step))
        else:
            # The function that torch.optim.AdamW(fused=True) calls. An optimizer object would update all rows.
            torch._fused_adamw_(
                [rows], [gradient], [mean], [square], [], [torch.tensor(float(step))], amsgrad=False, lr=LR,
                beta1=BETAS[0], beta2=BETAS[1], weight_decay=WEIGHT_DECAY, eps=EPS, maximize=False,
            )

    # Drawn beforehand, as ours are, because in a training the backbone computes them.
    batches = [torch.randn(args.batch, args.dimensions) for _ in range(8)]
    count = 0

    def step():
        nonlocal count
        embeddings = batches[count % len(batches)].detach().clone()
        count += 1
        chosen, labels = sample(torch.randint(0, args.classes, (args.batch,)))
        rows = weight.index_select(0, chosen)
        gradients = loss_on_tape if args.gradient == 'tape' else loss_by_hand
        loss, gradient = gradients(embeddings, rows, labels)
        with torch.no_grad():
            rows = rows.detach()
            mean, square = exp_avg.index_select(0, chosen), exp_avg_sq.index_select(0, chosen)
            update(rows, mean, square, gradient, count)
            for table, values in ((weight, rows), (exp_avg, mean), (exp_avg_sq, square)):
                table.index_copy_(0, chosen, values)
        return loss.item()

    return step


def main():
    args = arguments()
    try:
        import torch
    except ImportError as error:
        # The runner reports the missing package and how to install it.
        send({'absent': str(error)})
        return
    if args.threads:
        torch.set_num_threads(args.threads)
    serve({}, lambda: make_step(args))


if __name__ == '__main__':
    main()
