"""Parquet files as shards, of the hub and of others."""

import io

import datasets
import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ganvas.data import BatchStream
from ganvas.data.shards.parquet import ROWS_AT_ONCE, open_parquet
from ganvas.errors import PicturesError, SettingError


def pixels(number):
    return np.full((16, 16, 3), number, np.uint8)


def encoded(number):
    stored = io.BytesIO()
    Image.fromarray(pixels(number)).save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture
def repository(tmp_path):
    """A folder as the hub has it: three parquet files of 40 pictures each, in two classes."""
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    for number in range(3):
        numbers = range(40 * number, 40 * number + 40)
        rows = {"image": [pixels(one) for one in numbers], "label": [one % 2 for one in numbers]}
        path = tmp_path / "pets" / "data" / f"train-{number:05d}-of-00003.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        datasets.Dataset.from_dict(rows, features=features).to_parquet(path, batch_size=25)
    return tmp_path / "pets"


def shown(pictures, count):
    with BatchStream(pictures, count, seed=0) as stream:
        return stream.batch_at(0)


def small(load, source, **settings):
    return load(source, width=16, height=16, **settings)


def test_a_data_set_of_the_hub_is_streamed(repository, load):
    pictures = small(load, f"hf-stream:{repository}", conditional=True, sample=16)
    assert (pictures.count, pictures.classes, len(pictures.images)) == (120, ("cat", "dog"), 16)
    batch = shown(pictures, 120)
    numbers = batch.images[:, 8, 8, 0].numpy()
    assert sorted(numbers.tolist()) == list(range(120))
    assert np.array_equal(batch.labels.numpy(), numbers % 2)


def test_files_of_a_data_set_are_shards(repository, load):
    assert small(load, repository / "data").count == 120


def test_of_a_file_in_storage_only_the_end_is_read_to_count_it(repository, load):
    storage = fsspec.filesystem("memory")
    for path in (repository / "data").iterdir():
        storage.pipe_file(f"/pets/{path.name}", path.read_bytes())
    try:
        pictures = small(load, "memory://pets/train-{00000..00002}-of-00003.parquet", sample=8)
        assert pictures.count == 120
        assert sorted(shown(pictures, 120).images[:, 8, 8, 0].tolist()) == list(range(120))
    finally:
        storage.rm("/pets", recursive=True)


@pytest.mark.parametrize("order", [range(40), range(39, -1, -1), (5, 38, 5, 0, 26, 25, 24)])
def test_rows_are_read_in_any_order(repository, order):
    with open_parquet(repository / "data" / "train-00000-of-00003.parquet") as listing:
        for row in order:
            assert np.asarray(Image.open(io.BytesIO(listing.read(row))))[0, 0, 0] == row


def test_files_of_other_programs_are_read(tmp_path, load):
    count = 2 * ROWS_AT_ONCE + 5
    table = pa.table({"name": ["x"] * count, "picture": [{"bytes": encoded(n), "path": None} for n in range(count)]})
    (tmp_path / "shards").mkdir()
    pq.write_table(table, tmp_path / "shards" / "a.parquet", row_group_size=20)
    assert sorted(shown(small(load, tmp_path / "shards"), count).images[:, 8, 8, 0].tolist()) == list(range(count))


@pytest.mark.parametrize("stored", [b"", b"PAR1 and nothing else", b"PAR1" + bytes(2000) + b"PAR1"])
def test_a_file_that_is_damaged_is_told(tmp_path, load, stored):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "a.parquet").write_bytes(stored)
    with pytest.raises(PicturesError, match=r"no picture can be read in 1 shard.*a\.parquet"):
        small(load, tmp_path / "shards")


def test_a_table_without_pictures_says_what_it_has(tmp_path, load):
    (tmp_path / "shards").mkdir()
    pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "shards" / "a.parquet")
    with pytest.raises(PicturesError, match="found the columns text"):
        small(load, tmp_path / "shards")


def test_a_set_that_is_not_kept_as_parquet_is_to_be_taken_whole(tmp_path, load):
    (tmp_path / "pets").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "pets" / "a.png")
    with pytest.raises(SettingError, match="take it whole, as hf:"):
        small(load, f"hf-stream:{tmp_path / 'pets'}")
