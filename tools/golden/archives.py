"""Writes image archives as insightface and WebDataset have them, to files/archives.

The RecordIO files follow dmlc-core's recordio.h (parts with a magic number, split where the data contain it) and mxnet's
recordio.py (IRHeader "IfQQ", a flag above 0 is the number of labels). train.rec begins with a record of two labels, the range of
the identities' records after the images, as insightface's training sets do; plain.rec has images alone, as im2rec writes them.

    python archives.py
"""

import io
import json
import struct
from pathlib import Path

import numpy as np
import webdataset
from PIL import Image

FOLDER = Path(__file__).parent / "files" / "archives"
MAGIC = 0xCED7230A


class RecordWriter:
    """mxnet's MXIndexedRecordIO, opened for writing."""

    def __init__(self, stem: Path):
        self.records = open(f"{stem}.rec", "wb")
        self.index = open(f"{stem}.idx", "w")

    def write(self, key: int, data: bytes) -> None:
        self.index.write(f"{key}\t{self.records.tell()}\n")
        magic = struct.pack("<I", MAGIC)
        cuts = [at for at in range(0, len(data) // 4 * 4, 4) if data[at : at + 4] == magic]
        starts = [0, *(cut + 4 for cut in cuts)]
        ends = [*cuts, len(data)]
        for i, (start, end) in enumerate(zip(starts, ends)):
            kind = 0 if not cuts else 1 if i == 0 else 3 if i == len(cuts) else 2
            part = data[start:end]
            self.records.write(struct.pack("<II", MAGIC, kind << 29 | len(part)))
            self.records.write(part + bytes(-len(part) % 4))

    def close(self) -> None:
        self.records.close()
        self.index.close()


def pack(labels, key: int, image: bytes) -> bytes:
    """mxnet's recordio.pack: one number is the header's label, several follow the header."""
    if np.isscalar(labels):
        return struct.pack("<IfQQ", 0, labels, key, 0) + image
    values = np.asarray(labels, dtype="<f4")
    return struct.pack("<IfQQ", len(values), 0, key, 0) + values.tobytes() + image


def encode(color, form="JPEG", **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (12, 12), color).save(out, form, **options)
    return out.getvalue()


def images():
    """Three identities with one to three images, of one color each."""
    for label, count in ((0, 2), (5, 3), (11, 1)):
        for sample in range(count):
            yield label, (20 * label + 10, 60 * sample + 20, 100)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    listed = list(images())

    # insightface: record 0 has the range of the records of identities, whose labels are the ranges of their images.
    writer = RecordWriter(FOLDER / "train")
    identities = len({label for label, _ in listed})
    first = len(listed) + 1
    writer.write(0, pack([first, first + identities], 0, b""))
    for key, (label, color) in enumerate(listed, 1):
        # The newer form has the label in an array.
        writer.write(key, pack([label, 0.5] if key % 2 else label, key, encode(color)))
    at = 1
    for i, label in enumerate(sorted({label for label, _ in listed})):
        count = sum(other == label for other, _ in listed)
        writer.write(first + i, pack([at, at + count], first + i, b""))
        at += count
    writer.close()
    (FOLDER / "property").write_text(f"{identities},12,12\n")

    # A JPEG comment with the magic number at a multiple of 4 bytes: the record is split there.
    writer = RecordWriter(FOLDER / "plain")
    magic = struct.pack("<I", MAGIC)
    lines = []
    for key, (label, color) in enumerate(listed):
        for shift in range(4):
            image = encode(color, comment=b"-" * shift + magic + b"=" * 8 + magic * 2)
            data = pack(label, key, image)
            if any(data[i : i + 4] == magic for i in range(0, len(data), 4)):
                break
        writer.write(key, data)
        lines.append(f"{key}\t{label:.6f}\tperson-{label}/{key}.jpg\n")
    writer.close()
    (FOLDER / "plain.lst").write_text("".join(lines))

    for shard in range(2):
        with webdataset.TarWriter(str(FOLDER / f"shard-{shard:03}.tar"), mtime=0) as sink:
            for key, (label, color) in enumerate(listed):
                if key % 2 != shard:
                    continue
                sink.write({"__key__": f"part/{key:06}", "png": encode(color, "PNG"), "cls": label})
    expected = [{"label": label, "color": color} for label, color in listed]
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
