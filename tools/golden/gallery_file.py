"""What Python's safetensors reads of a gallery file, by the lines in the README of packages/recognition.

    node packages/recognition/scripts/gallery-fixture.mjs && python tools/golden/gallery_file.py

Writes packages/recognition/test/files/gallery.json beside the file that it reads.
"""

import json
import zlib
from pathlib import Path

from safetensors import safe_open
from safetensors.numpy import load_file

FOLDER = Path(__file__).parents[2] / "packages/recognition/test/files"
PATH = FOLDER / "gallery.safetensors"

gallery = load_file(PATH)
lines = [json.loads(line) for line in bytes(gallery["log"]).splitlines()]
names = {i: name for line in lines for i, name, *_ in line.get("identities", [])}

# The checksums as the README describes them.
offset = 0
for line in bytes(gallery["log"]).splitlines(keepends=True):
    text, _, crc = line.rpartition(b',"crc":"')
    assert zlib.crc32(text, offset) == int(crc[:8], 16), offset
    offset += len(line)
rows = [row for line in lines for row in line.get("templates", [])]
removed = gallery["labels"] < 0
for (_, _, crc, *_), row, is_removed in zip(rows, gallery["embeddings"], removed, strict=True):
    assert is_removed or zlib.crc32(row.tobytes()) == crc
    assert not is_removed or not row.any()

with safe_open(PATH, "numpy") as file:
    metadata = file.metadata()
golden = {
    "metadata": metadata,
    "dtypes": {name: str(tensor.dtype) for name, tensor in gallery.items()},
    "shapes": {name: list(tensor.shape) for name, tensor in gallery.items()},
    "templates": [
        [names[int(label)], row.tolist()]
        for label, row in zip(gallery["labels"], gallery["embeddings"], strict=True)
        if label >= 0
    ],
}
(FOLDER / "gallery.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
print(f"{len(golden['templates'])} templates, {len(set(names))} names")
