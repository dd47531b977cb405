"""What timm's feature-only LCNets are made of: keys, shapes, channels, reductions."""

import timm

from lcnet_models import NAMES, create

ABOUT = (
    'The state dict of timm.create_model(name, features_only=True): "entries" in order, each key with its shape and '
    'dtype; "parameterCount" counts trainable numbers (no running statistics). "features" has the five stage maps\' '
    'channels, reductions (input size over map size) and timm module names. "classifierOnly" are the keys that the '
    "whole classification model of that name has beyond these (timm's published files hold them)."
)


def cases(dtype):
    made = []
    for name in NAMES:
        model = create(name)
        state = model.state_dict()
        whole = timm.create_model(name, pretrained=False).state_dict()
        missing = [key for key in state if key not in whole]
        if missing:
            raise AssertionError(f'{name}: the classification model lacks {missing}')
        info = model.feature_info
        made.append({
            'name': name,
            'parameterCount': sum(p.numel() for p in model.parameters()),
            'features': {'channels': info.channels(), 'reductions': info.reduction(), 'modules': info.module_name()},
            'entries': [
                {'key': key, 'shape': list(value.shape), 'dtype': str(value.dtype).removeprefix('torch.')}
                for key, value in state.items()
            ],
            'classifierOnly': [
                {'key': key, 'shape': list(value.shape)} for key, value in whole.items() if key not in state
            ],
        })
    return made
