"""insightface's IResNet without its head."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = (
    'arcface_torch/backbones/iresnet.py of insightface: the maps after prelu, layer1, layer2, layer3 and bn2. '
    f'{ABOUT_CASES}'
)


def cases(dtype):
    return [
        full_case('iresnet18', 32, False, dtype, 3100000),
        full_case('iresnet18', 32, True, dtype, 3100000),
        short_case('iresnet34', 32, dtype, 3200000),
        short_case('iresnet50', 32, dtype, 3300000),
        short_case('iresnet100', 32, dtype, 3400000, True),
        short_case('iresnet100', 16, dtype, 3400000),
        short_case('iresnet200', 16, dtype, 3500000),
        # Batch norm in training, with maps of 2 × 2.
        short_case('iresnet34', 32, dtype, 3200000, True),
        short_case('iresnet50', 32, dtype, 3300000, True),
        short_case('iresnet200', 32, dtype, 3500000, True),
    ]
