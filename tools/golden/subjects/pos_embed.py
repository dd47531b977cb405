"""timm's resampling of a vision transformer's position embeddings to another image size."""

from timm.layers import resample_abs_pos_embed

from golden import Fill

ABOUT = (
    'timm.layers.resample_abs_pos_embed: "resampled" is "positions" (1, 1 + a square grid, channels; the first row is the '
    'class token) resampled to the grid [rows, columns] by bicubic interpolation with antialiasing, in float32 as in timm.'
)


def cases(dtype):
    return [
        {
            'name': f'{size} to {rows}x{columns}', 'grid': [rows, columns], 'positions': fill,
            'resampled': resample_abs_pos_embed(fill.tensor(dtype).float(), [rows, columns]),
        }
        for size, rows, columns, seed in ((14, 10, 6, 5200), (14, 7, 7, 5201), (7, 14, 12, 5202), (4, 3, 9, 5203), (5, 1, 1, 5204))
        for fill in [Fill((1, 1 + size * size, 3), 1.0, seed)]
    ]
