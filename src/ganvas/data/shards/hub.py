"""Data sets of the Hugging Face hub as they are shown: `datasets` says which parquet files they are made of."""

from pathlib import Path

from ganvas.data.shards.finding import counted_shards
from ganvas.data.shards.parquet import PARQUET_ENDING
from ganvas.data.shards.reading import ShardSet
from ganvas.errors import PicturesError, SettingError, missing_package
from ganvas.settings import HUB_PREFIX, HUB_STREAM_PREFIX


def hub_shards(repository: str, kept: Path, *, split: str = "train") -> ShardSet:
    """The pictures of a data set, labelled if it has a column of classes; of each file, only the end is read at first.

    Args:
        repository: "owner/dataset", or a folder on this disk that holds the same.
        kept: the folder for what is fetched, and for the numbers of rows.
        split: which part of it.
    Raises:
        SettingError: the package datasets is not installed, or the set is not kept as parquet files.
        PicturesError: it cannot be found, or holds no pictures.
    """
    try:
        import datasets
    except ImportError as error:
        raise missing_package("datasets", "hub", "Data sets of the Hugging Face hub") from error
    name = f"{HUB_STREAM_PREFIX}{repository}"
    try:
        files = [
            str(file) for file in (datasets.load_dataset_builder(repository).config.data_files or {}).get(split, [])
        ]
    except Exception as error:  # its errors come from half a dozen libraries
        raise PicturesError(f"{name}: could not be found: {' '.join(str(error).split())[:300]}") from error
    if not files or not all(file.endswith(PARQUET_ENDING) for file in files):
        raise SettingError(f"{name}: is not kept as parquet files; take it whole, as {HUB_PREFIX}{repository}")
    return counted_shards(name, files, kept)
