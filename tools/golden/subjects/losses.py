"""Margin losses of cosines and labels, after the ArcFace paper and insightface's published definitions."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from golden import Fill, to_float32

ABOUT = """\
Margin losses of cosines [B,C] and labels [B]: logits = scale * margin(cosines), loss = mean over the batch of \
-log softmax(logits)[label]. dCosines is the exact gradient of the loss. With theta = acos(cosine), only the label's \
column changes: "cosface" cosine - margin; "arcface" cos(theta + margin) for every theta, as in insightface's \
recognition/arcface_torch/losses.py since 2022 (the curve rises again beyond pi - margin); \
"arcface easy margin" cos(theta + margin) if cosine > 0, else the cosine; "arcface monotonic" (insightface's \
earlier form) cos(theta + margin) if cosine > cos(pi - margin), else cosine - margin * sin(margin); "combined" \
cos(m1 * theta + m2) - m3 (ArcFace paper, equation 4); "combined insightface" as insightface's CombinedMarginLoss: \
arcface if m1 = 1 and m3 = 0; if m3 > 0, it subtracts m3 and IGNORES m1 and m2; otherwise it refuses; \
"softmax" no margin. dCosinesPassThrough is the gradient of insightface's form, which changes the label's logit without \
recording it (so d logit / d cosine = scale there too); it is null if it equals the exact one. \
lossClamped is insightface's loss, which clamps probabilities to at least 1e-30. A sample thus adds at most 69.0776; the \
gradient is unchanged. \
Group "edge" has label cosines at and next to 1 and -1. d logit / d cosine = scale * m1 * sin(m1 * theta + m2) / \
sin(theta) has no limit at exactly 1 and -1, so dCosines uses a sin(theta) of at least 2^-11.5 there, which is \
the sine at 1 - 2^-24, the float32 nearest to 1. "singular" lists those [row, column]; an implementation must match the \
sign and be finite there, and match the value elsewhere. \
Group "beyond one" has cosines that exceed 1 or -1 by rounding. They are clamped first, as in insightface, so their \
gradient is 0. \
Group "sharded" has two shards of the columns. Label -1 in a shard means that the row's class is in the other one, so \
no column of that row has a margin. Its rows' largest logit and sum of exp(logit - largest) are over both shards. \
Group "absent label" has one shard with labels of -1. insightface's loss uses the probability 1e-30 for such a row \
(lossClamped), and the gradient is softmax / B. lossOfPresentRows sums only over the rows with a label and divides by B. \
Group "end to end" starts from embeddings [B,D] and class centers [C,D], each divided by its length (at least 1e-12)."""

# The sine at the float32 nearest to 1.
SMALLEST_SINE = 2.0**-11.5


class AngularMargin(torch.autograd.Function):
    """cos(m1 * acos(c) + m2) - m3 with a finite derivative at c = 1 and c = -1."""

    @staticmethod
    def forward(ctx, cosine, m1, m2, m3):
        ctx.save_for_backward(cosine)
        ctx.margins = (m1, m2)
        return torch.cos(m1 * torch.acos(cosine) + m2) - m3

    @staticmethod
    def backward(ctx, upstream):
        (cosine,) = ctx.saved_tensors
        m1, m2 = ctx.margins
        sine = torch.sqrt((1 - cosine) * (1 + cosine)).clamp_min(SMALLEST_SINE)
        return upstream * m1 * torch.sin(m1 * torch.acos(cosine) + m2) / sine, None, None, None


def plain_angular(cosine, m1, m2, m3):
    """Computes the same with autograd's derivative, for cosines strictly inside (-1, 1)."""
    return torch.cos(m1 * torch.acos(cosine) + m2) - m3


@dataclass(frozen=True)
class Margin:
    name: str
    scale: float = 64.0
    m1: float = 1.0
    m2: float = 0.0
    m3: float = 0.0

    @property
    def options(self) -> dict:
        if self.name == 'softmax':
            return {'scale': self.scale}
        if self.name == 'cosface':
            return {'scale': self.scale, 'margin': self.m3}
        if self.name.startswith('arcface'):
            return {'scale': self.scale, 'margin': self.m2}
        return {'scale': self.scale, 'm1': self.m1, 'm2': self.m2, 'm3': self.m3}

    @property
    def title(self) -> str:
        return self.name + ''.join(f', {key} {value:g}' for key, value in self.options.items())

    def before(self, wanted: float) -> float:
        """Returns the label cosine that the margin changes to `wanted`."""
        if self.name == 'combined insightface' and self.m3 > 0:
            return wanted + self.m3
        return math.cos((math.acos(wanted + self.m3) - self.m2) / self.m1)

    def of_label(self, c, angular):
        """Returns the value of the label's column before the scale."""
        if self.name == 'softmax':
            return c
        if self.name == 'cosface' or (self.name == 'combined insightface' and self.m3 > 0):
            return c - self.m3
        moved = angular(c, self.m1, self.m2, self.m3)
        if self.name == 'arcface easy margin':
            return torch.where(c > 0, moved, c)
        if self.name == 'arcface monotonic':
            return torch.where(c > math.cos(math.pi - self.m2), moved, c - self.m2 * math.sin(math.pi - self.m2))
        return moved

    def logits(self, cosines, labels, angular=plain_angular, pass_through=False):
        present = torch.nonzero(labels >= 0).squeeze(1)
        columns = labels[present]
        target = cosines[present, columns]
        moved = self.of_label(target, angular)
        if pass_through:
            moved = target + (moved - target).detach()
        return cosines.index_put((present, columns), moved) * self.scale


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels)


def clamped_loss(logits, labels):
    """Returns insightface's loss. A row without its class has probability 0, and probabilities are at least 1e-30."""
    p = torch.softmax(logits.detach(), 1)
    own = torch.where(labels >= 0, p.gather(1, labels.clamp_min(0)[:, None]).squeeze(1), torch.zeros_like(p[:, 0]))
    return float(-own.clamp_min(1e-30).log().mean())


def on_cosines(group, margin, stored, labels, dtype, angular=plain_angular, singular=()):
    """Returns a case with logits, losses and the gradients of the loss with respect to the cosines."""
    y = torch.tensor(labels)
    found = {}
    for key, pass_through in (('dCosines', False), ('dCosinesPassThrough', True)):
        raw = (stored.tensor(dtype) if isinstance(stored, Fill) else stored.to(dtype)).requires_grad_()
        logits = margin.logits(raw.clamp(-1, 1), y, angular, pass_through)
        loss = mean_loss(logits, y)
        (found[key],) = torch.autograd.grad(loss, raw)
    if torch.equal(found['dCosines'], found['dCosinesPassThrough']):
        found['dCosinesPassThrough'] = None
    return {
        'name': f'{group}: {margin.title}',
        'group': group, 'margin': margin.name, 'options': margin.options,
        'cosines': stored, 'labels': y.to(torch.int32), 'logits': logits,
        'loss': float(loss.detach()), 'lossClamped': clamped_loss(logits, y),
        **found,
        **({'singular': [list(place) for place in singular]} if singular else {}),
    }


def trained_cosines(margin, labels):
    """Returns label cosines that the margin changes to the size of the others, so that the softmax is not saturated."""
    cosines = Fill((6, 11), 0.04, 7001).tensor(torch.float32)
    for row, (label, wanted) in enumerate(zip(labels, [0.02, 0.08, -0.03, 0.05, 0.1, 0.0])):
        cosines[row, label] = margin.before(wanted)
    return cosines


def edge_cosines():
    """Returns label cosines at and near the ends, with others near 1 so that the gradients do not vanish."""
    cosines = Fill((8, 11), 0.3, 7002, 0.6).tensor(torch.float32)
    labels = [4, 0, 9, 2, 6, 1, 8, 8]
    ends = to_float32([1.0, -1.0, 1.0 - 1e-7, -1.0 + 1e-7, 1.0 - 1e-4, -1.0 + 1e-4, 0.5, -0.5])
    for row, label in enumerate(labels):
        cosines[row, label] = ends[row]
    # Other classes at the ends have no margin, so their gradient is that of the plain softmax.
    cosines[6, 0], cosines[6, 1], cosines[7, 10] = 1.0, -1.0, 1.0
    return cosines, labels, [(0, 4), (1, 0)]


def beyond_one():
    cosines = Fill((4, 5), 0.3, 7003, 0.6).tensor(torch.float32)
    labels = [0, 1, 2, 3]
    cosines[0, 0], cosines[1, 1] = 1.0 + 2.0**-23, -1.0 - 2.0**-23
    cosines[2, 4], cosines[3, 0] = 1.0 + 2.0**-22, -1.0 - 2.0**-22
    cosines[2, 2], cosines[3, 3] = 0.7, 0.2
    return cosines, labels


def past_pi():
    """Returns label angles on both sides of pi - 0.5, up to 0.01 from pi."""
    cosines = Fill((6, 7), 0.2, 7004, -0.5).tensor(torch.float32)
    labels = [0, 1, 2, 3, 4, 5]
    for row, angle in enumerate([2.5, 2.64, 2.65, 2.8, 3.0, 3.13]):
        cosines[row, labels[row]] = math.cos(angle)
    return cosines, labels


def sharded(margin, dtype):
    cosines = Fill((6, 22), 0.9, 7005)
    labels = torch.tensor([0, 21, 10, 11, 15, 4])
    full = cosines.tensor(dtype, True)
    logits = margin.logits(full, labels)
    loss = mean_loss(logits, labels)
    (gradient,) = torch.autograd.grad(loss, full)
    through = cosines.tensor(dtype, True)
    (pass_through,) = torch.autograd.grad(mean_loss(margin.logits(through, labels, pass_through=True), labels), through)
    largest = logits.detach().max(1).values
    shards = []
    for first in (0, 11):
        part = slice(first, first + 11)
        inside = (labels >= first) & (labels < first + 11)
        local = torch.where(inside, labels - first, torch.full_like(labels, -1))
        local_logits = margin.logits(full.detach()[:, part], local)
        if not torch.equal(local_logits, logits.detach()[:, part]):
            raise AssertionError('the logits of a shard differ from those of all columns')
        shards.append({
            'firstClass': first,
            'cosines': cosines.tensor(torch.float32)[:, part],
            'labels': local.to(torch.int32),
            'logits': local_logits,
            'dCosines': gradient[:, part],
            'dCosinesPassThrough': None if torch.equal(gradient, pass_through) else pass_through[:, part],
        })
    return {
        'name': f'sharded: {margin.title}',
        'group': 'sharded', 'margin': margin.name, 'options': margin.options,
        'cosines': cosines, 'labels': labels.to(torch.int32), 'shards': shards,
        'largestLogit': largest, 'sumExp': torch.exp(logits.detach() - largest[:, None]).sum(1),
        'loss': float(loss.detach()), 'lossClamped': clamped_loss(logits, labels),
    }


def absent_label(margin, dtype):
    stored = Fill((6, 11), 0.9, 7006)
    labels = torch.tensor([0, -1, 10, 3, -1, 5])
    found = {}
    for key, pass_through in (('dCosines', False), ('dCosinesPassThrough', True)):
        cosines = stored.tensor(dtype, True)
        logits = margin.logits(cosines, labels, pass_through=pass_through)
        # The loss of the present rows, plus log-sum-exp of the absent ones, whose gradient is softmax.
        present = labels >= 0
        own = logits[present].gather(1, labels[present][:, None]).squeeze(1)
        total = torch.logsumexp(logits, 1).sum() - own.sum()
        (found[key],) = torch.autograd.grad(total / len(labels), cosines)
    if torch.equal(found['dCosines'], found['dCosinesPassThrough']):
        found['dCosinesPassThrough'] = None
    of_present = F.cross_entropy(logits[present].detach(), labels[present], reduction='sum') / len(labels)
    return {
        'name': f'absent label: {margin.title}',
        'group': 'absent label', 'margin': margin.name, 'options': margin.options,
        'cosines': stored, 'labels': labels.to(torch.int32), 'logits': logits,
        'lossOfPresentRows': float(of_present), 'lossClamped': clamped_loss(logits, labels), **found,
    }


def end_to_end(margin, dtype):
    labels = torch.tensor([0, 10, 3, 7, 3, 5])
    embeddings, centers = Fill((6, 8), 2.0, 7007), Fill((11, 8), 0.05, 7008)
    case = {
        'name': f'end to end: {margin.title}',
        'group': 'end to end', 'margin': margin.name, 'options': margin.options,
        'embeddings': embeddings, 'classCenters': centers, 'labels': labels.to(torch.int32),
    }
    for suffix, pass_through in (('', False), ('PassThrough', True)):
        e, w = embeddings.tensor(dtype, True), centers.tensor(dtype, True)
        cosines = F.linear(F.normalize(e), F.normalize(w))
        loss = mean_loss(margin.logits(cosines.clamp(-1, 1), labels, pass_through=pass_through), labels)
        de, dw = torch.autograd.grad(loss, (e, w))
        if not pass_through:
            case.update(cosines=cosines, loss=float(loss.detach()), dEmbeddings=de, dClassCenters=dw)
        elif torch.equal(de, case['dEmbeddings']):
            case.update(dEmbeddingsPassThrough=None, dClassCentersPassThrough=None)
        else:
            case.update(dEmbeddingsPassThrough=de, dClassCentersPassThrough=dw)
    return case


def check_custom_gradient():
    """Checks that the finite gradient equals autograd's unless the angle is 0 or pi."""
    for m1, m2, m3 in ((1.0, 0.5, 0.0), (1.1, 0.0, 0.0), (1.1, 0.3, 0.2)):
        grads = []
        for function in (plain_angular, AngularMargin.apply):
            c = torch.linspace(-0.999, 0.999, 41, dtype=torch.float64).requires_grad_()
            grads.append(torch.autograd.grad(function(c, m1, m2, m3).sum(), c)[0])
        torch.testing.assert_close(*grads, rtol=1e-12, atol=0)


def cases(dtype):
    check_custom_gradient()
    cosface, arcface, softmax = Margin('cosface', m3=0.4), Margin('arcface', m2=0.5), Margin('softmax')
    easy, monotonic = Margin('arcface easy margin', m2=0.5), Margin('arcface monotonic', m2=0.5)
    combined = [
        Margin('combined', m2=0.3, m3=0.2), Margin('combined', m1=1.1), Margin('combined', m1=1.1, m2=0.3, m3=0.2),
    ]
    angular = [arcface, *combined]
    every = [
        cosface, Margin('cosface', 30.0, m3=0.35), arcface, Margin('arcface', 30.0, m2=0.4), easy, monotonic, *combined,
        Margin('combined insightface', m2=0.5), Margin('combined insightface', m2=0.3, m3=0.2), softmax,
    ]
    spread, spread_labels = Fill((6, 11), 0.9, 7000), [0, 10, 3, 7, 3, 5]
    edge, edge_labels, singular = edge_cosines()
    beyond, beyond_labels = beyond_one()
    pi, pi_labels = past_pi()
    made = []
    for margin in every:
        made.append(on_cosines('spread', margin, spread, spread_labels, dtype))
        made.append(on_cosines('trained', margin, trained_cosines(margin, spread_labels), spread_labels, dtype))
    for margin in (cosface, arcface, *combined, softmax):
        places = singular if margin in angular else ()
        made.append(on_cosines('edge', margin, edge, edge_labels, dtype, AngularMargin.apply, places))
    for margin in (cosface, arcface, softmax):
        made.append(on_cosines('beyond one', margin, beyond, beyond_labels, dtype, AngularMargin.apply))
    for margin in (arcface, monotonic, easy, combined[0]):
        made.append(on_cosines('past pi - margin', margin, pi, pi_labels, dtype))
    for margin in (cosface, arcface):
        made.append(sharded(margin, dtype))
        made.append(absent_label(margin, dtype))
    # At scale 8 the softmax of these random cosines is not saturated.
    mild = [Margin('cosface', 8.0, m3=0.4), Margin('arcface', 8.0, m2=0.5), Margin('softmax', 8.0)]
    for margin in (cosface, arcface, combined[0], softmax, *mild):
        made.append(end_to_end(margin, dtype))
    return made
