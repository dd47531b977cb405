"""AdaFace, CurricularFace and SphereFace, after their authors' published PyTorch code, over steps that move their state."""

import math

import torch
import torch.nn.functional as F

from golden import Fill, exact

ABOUT = """\
AdaFace, CurricularFace and SphereFace as their authors' published code computes them (mk-minchul/AdaFace head.py; \
HuangYG123/CurricularFace head/metrics.py; ydwen/opensphere sphereface.py and its SphereFace-R), with autograd through \
all that is not under no_grad there. Group "steps": embeddings [B,D] and "classCenters" [C,D], each divided by its \
length; a step's "loss" is the mean cross-entropy, dEmbeddings and dClassCenters its gradients, "state" the buffers after \
it. The centers stay. "state" of a case is what the buffers are set to before the first step, where that is not as they \
begin. Group "edge": cosines [B,C] directly, with "norms" [B] where the loss takes them, dCosines, and "state" after. \
AdaFace: norms clipped to [0.001, 100], then batch_mean and batch_std (of n - 1) move by t_alpha from 20 and 100, then \
z = clip(h (norm - batch_mean) / (batch_std + 0.001), -1, 1); the label's logit is s (cos(clip(theta - m z, 0.001, \
pi - 0.001)) - m - m z), its cosine clamped to 0.999. The published code clamps the other columns so, too; none here is \
as large, so that it makes no difference. CurricularFace: t moves by 0.01 (here "momentum") to the mean of the labels' \
cosines from 0, then a cosine above cos(theta + m) in another column becomes cosine (t + cosine), and the label's \
cos(theta + m), or cosine - m sin(m) past theta = pi - m. SphereFace: the label's (-1)^k cos(m theta) - 2k with \
k = floor(m theta / pi), of form "sphereface-r" cos(min(m theta, pi)). ...PassThrough is the gradient with the label's \
logit moved unrecorded: of SphereFace that is the published one (characteristic gradient detachment), while dEmbeddings \
and so on are of the definition itself, as in the 2017 paper; null where it equals that. opensphere takes acos of cosines \
within 1 - 1e-5; here of the cosine itself. Labels' cosines of exactly 1 and -1 are not here: their gradient has no limit."""

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
            raise ValueError('a cosine that the published code clamps')
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

    def moved(self, target):
        return target * math.cos(self.m) - torch.sqrt(1 - target**2) * math.sin(self.m)

    def of_label(self, target):
        past = target - math.sin(math.pi - self.m) * self.m
        return torch.where(target > math.cos(math.pi - self.m), self.moved(target), past)

    def of_others(self, cosines, target):
        hard = cosines > self.moved(target.detach())[:, None]
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
    # The labels' own place is overwritten.
    others = cosines.index_put((rows, labels), torch.zeros_like(target))
    return loss.of_others(others, target).index_put((rows, labels), moved) * loss.scale


def gradients(loss, cosines_of, leaves, labels):
    """The loss, and both kinds of gradients by the leaves; the second is None where it is the first."""
    found = []
    for pass_through in (False, True):
        value = F.cross_entropy(logits_of(loss, cosines_of(*leaves), labels, pass_through), labels)
        found.append(torch.autograd.grad(value, leaves))
    same = all(torch.equal(a, b) for a, b in zip(*found))
    return float(value.detach()), found[0], [None] * len(leaves) if same else found[1]


def copied(loss):
    return {name: value.detach().clone().reshape(1) for name, value in loss.state().items()}


def batch(step):
    """Embeddings near their classes' centers, of other lengths in each row, and their labels."""
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
    before, given, after = copied(loss), [], []
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
            'dEmbeddingsPassThrough': pe, 'dClassCentersPassThrough': pw, 'state': copied(loss),
        })
    title = ', '.join(f'{key} {value}' for key, value in loss.options.items())
    return {
        'name': f'steps: {loss.name}, {title}' + (', from a state' if state else ''),
        'group': 'steps', 'loss': loss.name, 'options': loss.options, 'state': before,
        'classCenters': centers, 'steps': given, 'afterStep': after,
    }


def edge(loss, dtype, ends, norms=None, state=None):
    """Label cosines at and beside the ends of the curve, with others near so that the gradients do not vanish."""
    stored = Fill((len(ends), 7), 0.25, 7102, 0.7).tensor(torch.float32)
    labels = torch.tensor([row % 7 for row in range(len(ends))])
    for row, end in enumerate(ends):
        stored[row, labels[row]] = exact([end])[0]
    if state:
        loss.load(**state)
    before = copied(loss)
    cosines = stored.to(dtype).requires_grad_()
    lengths = exact(norms) if norms else torch.full((len(ends),), 20.0)
    loss.observe(cosines, lengths.to(dtype), labels)
    value, (d,), (p,) = gradients(loss, lambda c: c, (cosines,), labels)
    title = ', '.join(f'{key} {value}' for key, value in loss.options.items())
    return {
        'name': f'edge: {loss.name}, {title}', 'group': 'edge', 'loss': loss.name, 'options': loss.options,
        'state': before, 'cosines': stored, 'labels': labels.to(torch.int32), 'norms': lengths, 'lossValue': value,
        'dCosines': d, 'dCosinesPassThrough': p, 'stateAfter': copied(loss),
    }


def cases(dtype):
    ends = [1 - 1e-7, 0.99905, 0.9985, 0.7, -0.7, -0.87, -0.9985, -0.99905, -1 + 1e-7]
    return [
        steps(AdaFace(dtype), dtype),
        steps(AdaFace(dtype, scale=8.0, margin=0.5, h=0.5, tAlpha=0.3), dtype),
        steps(AdaFace(dtype, scale=16.0), dtype, 3, {'batch_mean': 22.5, 'batch_std': 11.25}),
        # Long, short and middling embeddings at both ends: the moved angle is clipped on either side.
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
