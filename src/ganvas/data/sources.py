"""Where pictures come from: the names, and what a path turns out to be."""

from collections.abc import Callable
from pathlib import Path

from ganvas.config import PictureSettings
from ganvas.data.archive import is_tar, is_zip, tar_source, zip_source
from ganvas.data.arrays import avatars_source, digits_source, npy_source
from ganvas.data.directory import folder_source
from ganvas.data.listing import Source
from ganvas.data.online import celeba_source, hub_source, lfw_source, mnist_source
from ganvas.data.shards.finding import find_shards, names_shards
from ganvas.data.shards.hub import hub_shards
from ganvas.data.shards.remote import is_remote
from ganvas.data.shards.sample import shards_source
from ganvas.data.video import is_video, video_source, videos_in
from ganvas.errors import PicturesError, SettingError
from ganvas.files import NotRegularError, cache_folder
from ganvas.formats.shard_index import INDEX_FILE
from ganvas.settings import HUB_PREFIX, HUB_STREAM_PREFIX

SOURCES: dict[str, Callable[[Path], Source]] = {
    "avatars": avatars_source,
    "digits": digits_source,
    "mnist": mnist_source,
    "lfw": lfw_source,
    "celeba": celeba_source,
}


def open_source(settings: PictureSettings, downloads: Path | None = None) -> Source:
    """The source that `settings.source` names; a name in SOURCES comes before a folder of that name.

    Args:
        settings: only `source`, `sample` and `every` are read.
        downloads: the folder that keeps what has to be fetched, in the cache; shards are kept beside it.
    Raises:
        SettingError: there is no such thing, or an optional package is missing.
        PicturesError: it is there and cannot be used.
    """
    text, downloads = settings.source, downloads or cache_folder() / "downloads"
    if text in SOURCES:
        return SOURCES[text](downloads)
    if text.startswith(HUB_PREFIX) and not is_remote(text):
        return hub_source(text.removeprefix(HUB_PREFIX))
    shards_kept = downloads.parent / "shards"
    if text.startswith(HUB_STREAM_PREFIX):
        return shards_source(hub_shards(text.removeprefix(HUB_STREAM_PREFIX), shards_kept), settings.sample)
    path = Path(text).expanduser()
    try:
        if names_shards(text):
            return shards_source(find_shards(text, shards_kept), settings.sample)
        is_one = path.is_file() and is_video(path.name)
        if videos := [path] if is_one else videos_in(path) if path.is_dir() else []:
            return video_source(str(path), videos, settings.every, downloads.parent / "frames")
        if path.is_dir():
            return folder_source(path)
        if path.is_file():
            return _file_source(path)
        if path.exists():
            raise SettingError(
                f"source {path}: {NotRegularError()}; expected a folder, a zip, a tar, an .npy or a video"
            )
    except OSError as error:
        raise PicturesError(f"{path}: cannot be read: {error.strerror or error}") from error
    raise SettingError(
        f"source {text!r}: there is no such file or folder, and the names are {', '.join(SOURCES)} and hf:owner/dataset"
    )


def source_name(source: str) -> str:
    """A short name of a source, for a folder or a card: of shards, that of the folder they lie in."""
    path = Path(source.rstrip("/"))
    return path.parent.name or "shards" if "{" in path.name or path.name == INDEX_FILE else path.name


def _file_source(path: Path) -> Source:
    if path.suffix.lower() == ".npy":
        return npy_source(path)
    if path.suffix.lower() == ".zip" or is_zip(path):
        return zip_source(path)
    if ".tar" in [suffix.lower() for suffix in path.suffixes] or is_tar(path):
        return tar_source(path)
    raise SettingError(
        f"source {path}: expected a folder of pictures, a zip, a tar or an .npy file, or a video; this is none of them"
    )
