"""timm's MobileNetV4 features."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = f'timm.create_model(name, features_only=True) of the convolutional MobileNetV4s. {ABOUT_CASES}'


def cases(dtype):
    return [
        full_case('mobilenetv4_conv_small_035', 64, False, dtype, 6100000),
        full_case('mobilenetv4_conv_small_035', 64, True, dtype, 6100000),
        short_case('mobilenetv4_conv_small_050', 32, dtype, 6200000),
        short_case('mobilenetv4_conv_small', 32, dtype, 6300000),
        short_case('mobilenetv4_conv_medium', 32, dtype, 6400000),
        # Batch norm in training, with maps of 2 × 2.
        short_case('mobilenetv4_conv_small_050', 48, dtype, 6200000, True),
        short_case('mobilenetv4_conv_small', 48, dtype, 6300000, True),
        short_case('mobilenetv4_conv_medium', 48, dtype, 6400000, True),
    ]
