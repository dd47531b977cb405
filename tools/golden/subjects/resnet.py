"""timm's ResNet features."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = f'timm.create_model(name, features_only=True) of the ResNet family. {ABOUT_CASES}'


def cases(dtype):
    return [
        full_case('resnet18', 32, False, dtype, 2100000),
        full_case('resnet18', 48, True, dtype, 2100000),
        short_case('resnet34', 32, dtype, 2200000),
        short_case('resnet50', 32, dtype, 2300000),
        # Batch norm in training, with maps of 2 × 2.
        short_case('resnet34', 48, dtype, 2200000, True),
        short_case('resnet50', 48, dtype, 2300000, True),
    ]
