"""Writes lists of images as open-metric-learning and Hugging Face have them, to files/lists.

    python list_files.py
"""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

FOLDER = Path(__file__).parent / "files" / "lists"

# open-metric-learning's columns. Rows 4 and 5 are boxes of one picture; training rows have no flags.
ROWS = pd.DataFrame(
    {
        "label": [7, 7, 9, 9, 11, 12],
        "path": ["images/a.png", "images/b.png", "images/c.png", "images/d.png", "images/scene.png", "images/scene.png"],
        "split": ["train"] * 4 + ["validation"] * 2,
        "is_query": [None] * 4 + [True, False],
        "is_gallery": [None] * 4 + [False, True],
        "x_1": [None] * 4 + [0, 20],
        "y_1": [None] * 4 + [0, 10],
        "x_2": [None] * 4 + [20, 40],
        "y_2": [None] * 4 + [10, 30],
    }
)


def write_super_classes() -> None:
    """Super-classes as text, and as pandas' categories."""
    rows = pd.DataFrame(
        [("a", "b", "shoe"), ("b", "a", "bag"), ("c", "c", None), ("d", "b", "shoe")],
        columns=["path", "label", "category"],
    ).assign(path=lambda table: "images/" + table["path"] + ".png")
    rows.to_parquet(FOLDER / "super_classes.parquet", index=False)
    encoded = rows.assign(category=rows["category"].astype("category"))
    encoded.to_parquet(FOLDER / "super_classes_encoded.parquet", index=False)


def main() -> None:
    (FOLDER / "images").mkdir(parents=True, exist_ok=True)
    for i, name in enumerate("abcd"):
        Image.new("RGB", (12, 12), (40 * i + 10, 100, 200 - 30 * i)).save(FOLDER / "images" / f"{name}.png")
    scene = Image.new("RGB", (40, 30), (255, 255, 255))
    for x in range(40):
        for y in range(30):
            scene.putpixel((x, y), (6 * x, 8 * y, (x + y) % 256))
    scene.save(FOLDER / "images" / "scene.png")

    ROWS.to_csv(FOLDER / "list.csv", index=False)
    # As from Excel on Windows.
    windows = ROWS.assign(path=ROWS["path"].str.replace("/", "\\"))
    windows.to_csv(FOLDER / "windows.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    table = pa.Table.from_pandas(ROWS)
    for codec in ("none", "snappy", "gzip", "brotli", "zstd"):
        pq.write_table(table, FOLDER / f"{codec}.parquet", compression=codec)
    pq.write_table(table, FOLDER / "groups.parquet", row_group_size=2)
    pq.write_table(table, FOLDER / "plain.parquet", use_dictionary=False, data_page_version="2.0")
    # Pandas' categories, a column that is a list, and one in a group.
    ROWS.assign(label=ROWS["label"].astype(str).astype("category")).to_parquet(FOLDER / "categories.parquet")
    nested = ROWS.assign(tags=[["x", "y"]] * len(ROWS), size=[{"width": 1, "height": 2}] * len(ROWS))
    nested.to_parquet(FOLDER / "nested.parquet")
    write_super_classes()

    def crop(i):
        row = ROWS.iloc[i]
        image = Image.open(FOLDER / row["path"])
        if not pd.isna(row["x_1"]):
            image = image.crop(tuple(int(row[c]) for c in ("x_1", "y_1", "x_2", "y_2")))
        return {"width": image.width, "height": image.height, "pixels": list(image.tobytes())}

    expected = [
        {
            "identity": f"{row['split']}/{row['label']}",
            "isQuery": bool(row["is_query"]),
            "isGallery": bool(row["is_gallery"]),
            **crop(i),
        }
        for i, row in ROWS.iterrows()
    ]
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")

    # The images of tools/campaign/format-kills.mjs.
    photos = [(f"photos/p{i:02}/{k}.png", f"p{i:02}") for i in range(12) for k in range(4)]
    pd.DataFrame(photos, columns=["path", "label"]).to_parquet(FOLDER / "photos.parquet", index=False)

    # Hugging Face's imagefolder.
    for name in ("csv", "jsonl", "parquet"):
        folder = FOLDER / f"imagefolder-{name}"
        folder.mkdir(exist_ok=True)
        rows = ROWS.iloc[:4].rename(columns={"path": "file_name"})[["file_name", "label"]]
        rows = rows.assign(file_name=rows["file_name"].str.removeprefix("images/"))
        for file in rows["file_name"]:
            (folder / file).write_bytes((FOLDER / "images" / file).read_bytes())
        if name == "csv":
            rows.to_csv(folder / "metadata.csv", index=False)
        elif name == "jsonl":
            rows.to_json(folder / "metadata.jsonl", orient="records", lines=True)
        else:
            rows.to_parquet(folder / "metadata.parquet", index=False)


if __name__ == "__main__":
    main()
