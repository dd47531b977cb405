"""What the feature-only backbones are made of: keys, shapes, channels, reductions, multiply-accumulates."""

from backbone_models import NAMES, VITS, create, default_size, info, multiply_adds, published

ABOUT = (
    'The state dict of each feature-only backbone (timm.create_model(name, features_only=True), or insightface\'s arcface_torch without its head): "entries" in order, '
    'each "key dtype [shape]"; "parameterCount" counts trainable numbers (no running statistics). "features" has the '
    'stage maps\' channels and reductions (input size over map size). "multiplyAdds" are those of the convolutions and '
    'linear layers for one image of the size that is its key, the first one being the size that published weights were '
    'trained for. "classifierOnly" are the keys that the whole published model of that name has beyond these, in the '
    'form of the entries.'
)


def entry(key, value):
    return f'{key} {str(value.dtype).removeprefix("torch.")} {list(value.shape)}'


def sizes(name):
    # A vision transformer is made for one size.
    return [default_size(name)] if name in VITS else [default_size(name), 64]


def cases(dtype):
    made = []
    for name in NAMES:
        model = create(name)
        state = model.state_dict()
        whole = published(name).state_dict()
        missing = [key for key in state if key not in whole]
        if missing:
            raise AssertionError(f'{name}: the whole model lacks {missing}')
        made.append({
            'name': name,
            'parameterCount': sum(p.numel() for p in model.parameters()),
            'features': info(model),
            'multiplyAdds': {str(size): multiply_adds(model, size) for size in sizes(name)},
            'entries': [entry(key, value) for key, value in state.items()],
            'classifierOnly': [entry(key, value) for key, value in whole.items() if key not in state],
        })
    return made
