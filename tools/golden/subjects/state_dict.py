"""Keys, shapes, channels, reductions and multiply-accumulates of the feature-only backbones."""

from backbone_models import NAMES, VITS, create, default_size, info, multiply_adds, published

ABOUT = (
    'The state dict of each feature-only backbone (timm.create_model(name, features_only=True), or insightface\'s '
    'arcface_torch without its head): "entries" in order, each "key dtype [shape]". "parameterCount" is the number of '
    'trainable values, without running statistics. "features" has the channels and reductions (input size over map size) '
    'of the stage maps. "multiplyAdds" counts those of convolutions, linear layers and attentions for one image, by image '
    'size; the first size is that of the published weights. "classifierOnly" lists the other entries of the whole '
    'published model.'
)


def entry(key, value):
    return f'{key} {str(value.dtype).removeprefix("torch.")} {list(value.shape)}'


def sizes(name):
    # A vision transformer is built for one image size.
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
