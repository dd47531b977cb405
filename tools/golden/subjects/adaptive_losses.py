"""AdaFace, CurricularFace and SphereFace, after their authors' published PyTorch code, over steps that update their state."""

import math

import torch
import torch.nn.functional as F

from golden import Fill, to_float32

ABOUT = """\
AdaFace, CurricularFace and SphereFace as in their authors' published code (mk-minchul/AdaFace head.py; \
HuangYG123/CurricularFace head/metrics.py; ydwen/opensphere sphereface.py and its SphereFace-R). Autograd records \
everything that is not under no_grad there. Group "steps": embeddings [B,D] and "classCenters" [C,D], each divided by its \
length. Each step has the "loss" (mean cross-entropy), its gradients dEmbeddings and dClassCenters, and "state", the \
buffers after the step. The centers do not change. "state" of a case has the buffers before the first step. Group "edge": \
cosines [B,C] as inputs, with "norms" [B] if the loss uses them, dCosines, and the buffers in "stateAfter". \
AdaFace: norms are clipped to [0.001, 100]. batch_mean and batch_std (of n - 1) are moving averages with weight t_alpha, \
initially 20 and 100. z = clip(h (norm - batch_mean) / (batch_std + 0.001), -1, 1). The label's logit is \
s (cos(clip(theta - m z, 0.001, pi - 0.001)) - m - m z), with its cosine clamped to 0.999. The published code also clamps \
the other columns, which are smaller in these cases. CurricularFace: t is a moving average of the mean label cosine with \
weight 0.01 (here "momentum"), initially 0. A cosine above cos(theta + m) in another column becomes cosine (t + cosine). \
The label's becomes cos(theta + m), or cosine - m sin(m) past theta = pi - m. SphereFace: the label's becomes \
(-1)^k cos(m theta) - 2k with k = floor(m theta / pi), or cos(min(m theta, pi)) for the form "sphereface-r". \
...PassThrough is the gradient if the change of the label's logit is not recorded; it is null if it equals the recorded \
one. For SphereFace it is the published one (characteristic gradient detachment), and dEmbeddings and dClassCenters are \
the gradients of the definition, as in the 2017 paper. opensphere clamps cosines to 1 - 1e-5 before acos; these cases do \
not. Label cosines of exactly 1 and -1 do not occur, because their gradient has no limit."""

BATCH, CLASSES, DIMENSIONS = 6, 11, 8


class AdaFace:
    name = 'adaface'

    def __init__(self, dtype, scale=64.0, margin=0.4, h=0.333, tAlpha=0.01):
        self.options = {'scale': scale, 'margin': margin, 'h': h, 'tAlpha': tAlpha}
        self.scale, self.m, self.h, self.t_alpha, self.eps = scale, margin, h, tAlpha, 1e-3
        self.batch_mean, self.batch_std = torch.ones(1, dtype=dtype) * 20, torch.ones(1, dtype=dtype) * 100

    def state(self):
        return {'batch_mean': self.batch_mean, 'batch_std': self.batch_std}

    def load(self, batch_mean, batch_std):
        self.batch_mean[:], self.batch_std[:] = batch_mean, batch_std

    def observe(self, cosines, norms, labels):
        self.norms = norms.detach().clip(min=0.001, max=100)
        self.batch_mean = self.norms.mean() * self.t_alpha + (1 - self.t_alpha) * self.batch_mean
        self.batch_std = self.norms.std() * self.t_alpha + (1 - self.t_alpha) * self.batch_std

    def of_label(self, target):
        z = ((self.norms - self.batch_mean) / (self.batch_std + self.eps) * self.h).clip(-1, 1)
        theta = target.clamp(-1 + self.eps, 1 - self.eps).acos()
        return (theta - self.m * z).clip(self.eps, math.pi - self.eps).cos() - (self.m + self.m * z)

    def of_others(self, cosines, target):
        if float(cosines.detach().abs().max()) > 1 - self.eps:
            raise ValueError('the published code clamps a cosine of this case')
        return cosines


class CurricularFace:
    name = 'curricularface'

    def __init__(self, dtype, scale=64.0, margin=0.5, momentum=0.01):
        self.options = {'scale': scale, 'margin': margin, 'momentum': momentum}
        self.scale, self.m, self.momentum = scale, margin, momentum
        self.t = torch.zeros(1, dtype=dtype)

    def state(self):
        return {'t': self.t}

    def load(self, t):
        self.t[:] = t

    def observe(self, cosines, norms, labels):
        target = cosines.detach().gather(1, labels[:, None])
        self.t = (target.mean() * self.momentum + (1 - self.momentum) * self.t).reshape(1)

    def add_margin(self, target):
        return target * math.cos(self.m) - torch.sqrt(1 - target**2) * math.sin(self.m)

    def of_label(self, target):
        past = target - math.sin(math.pi - self.m) * self.m
        return torch.where(target > math.cos(math.pi - self.m), self.add_margin(target), past)

    def of_others(self, cosines, target):
        hard = cosines > self.add_margin(target.detach())[:, None]
        return torch.where(hard, cosines * (self.t + cosines), cosines)


class SphereFace:
    name = 'sphereface'

    def __init__(self, dtype, scale=30.0, margin=1.7, form='sphereface'):
        self.options = {'scale': scale, 'margin': margin, 'form': form}
        self.scale, self.m, self.form = scale, margin, form

    def state(self):
        return {}

    def observe(self, cosines, norms, labels):
        pass

    def of_label(self, target):
        m_theta = self.m * torch.acos(target)
        if self.form == 'sphereface-r':
            return torch.cos(m_theta.clamp(max=math.pi))
        k = (m_theta.detach() / math.pi).floor()
        return (1 - 2 * torch.remainder(k, 2)) * torch.cos(m_theta) - 2 * k

    def of_others(self, cosines, target):
        return cosines


def logits_of(loss, cosines, labels, pass_through):
    rows = torch.arange(len(labels))
    target = cosines[rows, labels]
    moved = loss.of_label(target)
    if pass_through:
        moved = target + (moved - target).detach()
    # The label's column is overwritten below.
    others = cosines.index_put((rows, labels), torch.zeros_like(target))
    return loss.of_others(others, target).index_put((rows, labels), moved) * loss.scale


def gradients(loss, cosines_of, leaves, labels):
    """Returns the loss and both kinds of gradients of the leaves. The second kind is None if it equals the first."""
    found = []
    for pass_through in (False, True):
        value = F.cross_entropy(logits_of(loss, cosines_of(*leaves), labels, pass_through), labels)
        found.append(torch.autograd.grad(value, leaves))
    same = all(torch.equal(a, b) for a, b in zip(*found))
    return float(value.detach()), found[0], [None] * len(leaves) if same else found[1]


def copy_state(loss):
    return {name: value.detach().clone().reshape(1) for name, value in loss.state().items()}


def batch(step):
    """Returns embeddings near their class centers, with a different length in each row, and their labels."""
    centers = Fill((CLASSES, DIMENSIONS), 1.0, 7101).tensor(torch.float64)
    noise = Fill((BATCH, DIMENSIONS), 1.0, 7110 + step).tensor(torch.float64)
    labels = torch.tensor([(5 * row + 3 * step) % CLASSES for row in range(BATCH)])
    near = F.normalize(centers[labels]) + (0.8 + 0.2 * step) * F.normalize(noise)
    lengths = torch.tensor([0.5, 7.0, 18.0, 24.0, 40.0, 130.0], dtype=torch.float64)[:, None] * (1 + 0.2 * step)
    return (F.normalize(near) * lengths).to(torch.float32), labels


def steps(loss, dtype, count=5, state=None):
    centers = Fill((CLASSES, DIMENSIONS), 1.0, 7101)
    if state:
        loss.load(**state)
    before, given, after = copy_state(loss), [], []
    for step in range(count):
        stored, labels = batch(step)
        e, w = stored.to(dtype).requires_grad_(), centers.tensor(dtype, True)

        def cosines_of(e, w):
            return F.linear(F.normalize(e), F.normalize(w)).clamp(-1, 1)

        loss.observe(cosines_of(e, w), torch.norm(e, 2, -1), labels)
        value, (de, dw), (pe, pw) = gradients(loss, cosines_of, (e, w), labels)
        given.append({'embeddings': stored, 'labels': labels.to(torch.int32)})
        after.append({
            'loss': value, 'dEmbeddings': de, 'dClassCenters': dw,
            'dEmbeddingsPassThrough': pe, 'dClassCentersPassThrough': pw, 'state': copy_state(loss),
        })
    title = ', '.join(f'{key} {value}' for key, value in loss.options.items())
    return {
        'name': f'steps: {loss.name}, {title}' + (', from a state' if state else ''),
        'group': 'steps', 'loss': loss.name, 'options': loss.options, 'state': before,
        'classCenters': centers, 'steps': given, 'afterStep': after,
    }


def edge(loss, dtype, ends, norms=None, state=None):
    """Returns a case with label cosines near the ends of the curve. The others are close, so that gradients do not vanish."""
    stored = Fill((len(ends), 7), 0.25, 7102, 0.7).tensor(torch.float32)
    labels = torch.tensor([row % 7 for row in range(len(ends))])
    for row, end in enumerate(ends):
        stored[row, labels[row]] = to_float32([end])[0]
    if state:
        loss.load(**state)
    before = copy_state(loss)
    cosines = stored.to(dtype).requires_grad_()
    lengths = to_float32(norms) if norms else torch.full((len(ends),), 20.0)
    loss.observe(cosines, lengths.to(dtype), labels)
    value, (d,), (p,) = gradients(loss, lambda c: c, (cosines,), labels)
    title = ', '.join(f'{key} {value}' for key, value in loss.options.items())
    return {
        'name': f'edge: {loss.name}, {title}', 'group': 'edge', 'loss': loss.name, 'options': loss.options,
        'state': before, 'cosines': stored, 'labels': labels.to(torch.int32), 'norms': lengths, 'lossValue': value,
        'dCosines': d, 'dCosinesPassThrough': p, 'stateAfter': copy_state(loss),
    }


def cases(dtype):
    ends = [1 - 1e-7, 0.99905, 0.9985, 0.7, -0.7, -0.87, -0.9985, -0.99905, -1 + 1e-7]
    return [
        steps(AdaFace(dtype), dtype),
        steps(AdaFace(dtype, scale=8.0, margin=0.5, h=0.5, tAlpha=0.3), dtype),
        steps(AdaFace(dtype, scale=16.0), dtype, 3, {'batch_mean': 22.5, 'batch_std': 11.25}),
        # Long and short embeddings at both ends, so that the angle is clipped on both sides.
        edge(AdaFace(dtype, scale=8.0, tAlpha=0.1), dtype, ends + ends, [90.0] * 9 + [0.0] * 9,
             {'batch_mean': 22.5, 'batch_std': 11.25}),
        steps(CurricularFace(dtype), dtype),
        steps(CurricularFace(dtype, scale=8.0, margin=0.3, momentum=0.3), dtype),
        steps(CurricularFace(dtype, scale=16.0), dtype, 3, {'t': 0.4375}),
        edge(CurricularFace(dtype, scale=8.0), dtype, ends, None, {'t': 0.4375}),
        *(
            make
            for form in ('sphereface', 'sphereface-r')
            for make in (
                steps(SphereFace(dtype, form=form), dtype, 3),
                steps(SphereFace(dtype, scale=8.0, margin=1.5, form=form), dtype, 3),
                edge(SphereFace(dtype, scale=8.0, margin=4.0, form=form), dtype, ends),
                edge(SphereFace(dtype, scale=8.0, form=form), dtype, ends),
            )
        ),
    ]
