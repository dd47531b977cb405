"""timm's MobileNetV3 features."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = f'timm.create_model(name, features_only=True) of the MobileNetV3 family. {ABOUT_CASES}'


def cases(dtype):
    return [
        full_case('mobilenetv3_small_050', 64, False, dtype, 1100000),
        full_case('mobilenetv3_small_050', 64, True, dtype, 1100000),
        short_case('mobilenetv3_small_075', 32, dtype, 1200000),
        short_case('mobilenetv3_small_100', 32, dtype, 1300000),
        short_case('mobilenetv3_large_075', 32, dtype, 1400000),
        short_case('mobilenetv3_large_100', 32, dtype, 1500000),
        # Batch norm in training, with maps of 2 × 2.
        short_case('mobilenetv3_small_075', 48, dtype, 1200000, True),
        short_case('mobilenetv3_small_100', 48, dtype, 1300000, True),
        short_case('mobilenetv3_large_075', 48, dtype, 1400000, True),
        short_case('mobilenetv3_large_100', 48, dtype, 1500000, True),
    ]
