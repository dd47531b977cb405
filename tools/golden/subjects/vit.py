"""timm's vision transformer features."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = f'timm.create_model(name, features_only=True, img_size=size): the maps of the last three blocks. {ABOUT_CASES}'


def cases(dtype):
    return [
        full_case('vit_tiny_patch16_224', 48, True, dtype, 7100000),
        short_case('vit_small_patch16_224', 32, dtype, 7200000),
    ]
