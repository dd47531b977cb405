"""Distillation losses of a student's and a teacher's features, after their papers and the authors' published code."""

import torch
import torch.nn.functional as F

from golden import Fill

ABOUT = """\
Losses of student features [B,W] and teacher features [B,V]. "dStudent" is the gradient with respect to the student's. \
"reference": DocClassifier's, F.kl_div(log_softmax(s), log_softmax(t), reduction='batchmean', log_target=True) with s and t \
the features at unit length (F.normalize). "kl": the same with s and t divided by the temperature, times temperature^2 if \
"timesTemperatureSquared". "cosine": mean of 1 - F.cosine_similarity. "mse": F.mse_loss, of F.normalize of both if \
"normalize". "similarity": Tung & Mori 2019, squared Frobenius norm of the difference of F.normalize(x @ x.T), over B^2. \
"rkd-distance", "rkd-angle": RkdDistance and RKdAngle of github.com/lenscloth/RKD (Park et al. 2019): \
pairwise distances over their mean, cosines of the angles of triples, smooth_l1_loss over all elements. "contrastive": \
cross_entropy of the cosines over the temperature, with the diagonal as the classes. In "projected" cases, the student's \
"embeddings" [B,E] are multiplied by a "weight" [W,E] without bias, and both have gradients."""


def reference(s, t):
    return kl(s, t, temperature=1.0)


def kl(s, t, temperature, timesTemperatureSquared=False):
    student = F.log_softmax(F.normalize(s) / temperature, dim=1)
    teacher = F.log_softmax(F.normalize(t) / temperature, dim=1)
    loss = F.kl_div(student, teacher, reduction='batchmean', log_target=True)
    return loss * temperature**2 if timesTemperatureSquared else loss


def cosine(s, t):
    return (1 - F.cosine_similarity(s, t)).mean()


def mse(s, t, normalize=False):
    return F.mse_loss(F.normalize(s), F.normalize(t)) if normalize else F.mse_loss(s, t)


def similarity(s, t):
    difference = F.normalize(s @ s.T) - F.normalize(t @ t.T)
    return difference.square().sum() / len(s) ** 2


def distances(x, epsilon=1e-12):
    squares = x.square().sum(1)
    found = (squares[:, None] + squares[None] - 2 * x @ x.T).clamp_min(epsilon).sqrt()
    return found * (1 - torch.eye(len(x), dtype=x.dtype))


def rkd_distance(s, t):
    ds, dt = distances(s), distances(t)
    return F.smooth_l1_loss(ds / ds[ds > 0].mean(), dt / dt[dt > 0].mean())


def angles(x):
    directions = F.normalize(x[None] - x[:, None], dim=2)
    return torch.bmm(directions, directions.transpose(1, 2))


def rkd_angle(s, t):
    return F.smooth_l1_loss(angles(s), angles(t))


def contrastive(s, t, temperature):
    return F.cross_entropy(F.normalize(s) @ F.normalize(t).T / temperature, torch.arange(len(s)))


LOSSES = {
    'reference': (reference, [{}]),
    'kl': (kl, [{'temperature': 0.05}, {'temperature': 4.0, 'timesTemperatureSquared': True}]),
    'cosine': (cosine, [{}]),
    'mse': (mse, [{}, {'normalize': True}]),
    'similarity': (similarity, [{}]),
    'rkd-distance': (rkd_distance, [{}]),
    'rkd-angle': (rkd_angle, [{}]),
    'contrastive': (contrastive, [{'temperature': 0.07}, {'temperature': 0.5}]),
}
RELATIONAL = ('similarity', 'rkd-distance', 'rkd-angle')


def on_features(group, name, options, student, teacher, dtype):
    s = student.tensor(dtype, True)
    loss = LOSSES[name][0](s, teacher.tensor(dtype), **options)
    (gradient,) = torch.autograd.grad(loss, s)
    title = ''.join(f', {key} {value}' for key, value in options.items())
    return {
        'name': f'{group}: {name}{title}', 'loss': name, 'options': options,
        'student': student, 'teacher': teacher, 'value': float(loss.detach()), 'dStudent': gradient,
    }


def projected(dtype):
    embeddings, weight, teacher = Fill((6, 12), 1.0, 7300), Fill((20, 12), 0.3, 7301), Fill((6, 20), 1.0, 7302)
    e, w = embeddings.tensor(dtype, True), weight.tensor(dtype, True)
    loss = reference(e @ w.T, teacher.tensor(dtype))
    d_embeddings, d_weight = torch.autograd.grad(loss, [e, w])
    return {
        'name': 'projected: reference', 'loss': 'reference', 'options': {}, 'embeddings': embeddings, 'weight': weight,
        'teacher': teacher, 'value': float(loss.detach()), 'dEmbeddings': d_embeddings, 'dWeight': d_weight,
    }


def cases(dtype):
    rows = []
    for name, (_, variants) in LOSSES.items():
        for options in variants:
            # Distant features, and features close to the teacher's.
            rows.append(on_features('spread', name, options, Fill((7, 16), 1.0, 7200), Fill((7, 16), 2.0, 7201), dtype))
            near = Fill((5, 24), 0.5, 7202, 0.4), Fill((5, 24), 0.5, 7203, 0.4)
            rows.append(on_features('aligned', name, options, *near, dtype))
        if name in RELATIONAL:
            rows.append(on_features('widths', name, {}, Fill((6, 8), 1.0, 7204), Fill((6, 20), 3.0, 7205), dtype))
    return [*rows, projected(dtype)]
