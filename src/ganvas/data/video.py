"""Frames of a video as pictures: one every so many seconds, at most one of those that are nearly the same."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganvas.data.cache import cache_errors
from ganvas.data.directory import file_fingerprint, folder_source, holds_only
from ganvas.data.limits import LARGEST_PIXELS
from ganvas.data.listing import Listing, Source, digest, is_hidden
from ganvas.data.near import SHOWN_SIMILARITY, near_duplicates
from ganvas.errors import PicturesError, missing_package
from ganvas.files import filling, sweep

VIDEO_ENDINGS = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ogv", ".3gp"})
MOST_FRAMES = 5000
LONGEST_PX = 2048  # twice the largest that is trained on
COMPARED_PX = 32
QUALITY = 95
Told = Callable[[str, int, int | None], None]


def videos_in(folder: Path) -> list[Path]:
    """The videos directly in a folder, in order of name; none if there are pictures or folders too."""
    return [folder / name for name in holds_only(folder, is_video)]


def is_video(name: str) -> bool:
    """Whether a file's name ends as those of videos do, and is not hidden."""
    return Path(name).suffix.lower() in VIDEO_ENDINGS and not is_hidden(Path(name).name)


def video_source(name: str, videos: Sequence[Path], every: float, kept: Path) -> Source:
    """Frames of videos as pictures, taken when they are first opened and kept; more videos than one are labels.

    Args:
        every: seconds from one frame to the next.
        kept: the folder for them.
    Raises:
        SettingError, PicturesError, DiskError: on opening, as `write_frames`; the cache cannot be written.
    """
    stamps = [file_fingerprint("video", video) for video in videos]
    fingerprint = digest(["video", f"{every:g} {MOST_FRAMES} {LONGEST_PX}", *stamps])

    def open_frames() -> AbstractContextManager[Listing]:
        folder = kept / fingerprint
        with cache_errors(kept):
            kept.mkdir(parents=True, exist_ok=True)
            sweep(kept)
            if not folder.is_dir():
                with filling(folder) as unfinished:
                    for video in videos:
                        into = unfinished / video.name if len(videos) > 1 else unfinished
                        into.mkdir(exist_ok=True)
                        _write(video, into, every)
        return folder_source(folder).open()

    return Source(name, fingerprint, open_frames)


def _write(video: Path, out: Path, every: float) -> None:
    try:
        write_frames(video, out, every)
    except PicturesError as error:
        raise PicturesError(f"{video}: {error}") from error


def write_frames(
    video: Path, out: Path, every: float, told: Told = lambda doing, done, total: None
) -> tuple[list[str], int]:
    """Write frames of a video into a folder as JPEGs named by their times.

    Args:
        every: seconds from one to the next.
        told: is told what is done, how much of it, and of how much where that is known.
    Returns:
        Their names, and how many near-duplicates were left out.
    Raises:
        SettingError: PyAV is not installed.
        PicturesError: it is no video that can be read, or has too many frames.
    """
    names: list[str] = []
    small: list[np.ndarray] = []
    for seconds, until, frame in frames(video, every):
        if len(names) >= MOST_FRAMES:
            raise PicturesError(
                f"more than {MOST_FRAMES:,} frames; choose more seconds between them than {every:g}, or a shorter video"
            )
        frame.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
        name = f"{int(seconds // 3600):02d}-{int(seconds // 60 % 60):02d}-{seconds % 60:05.2f}.jpg"
        frame.save(out / name, "JPEG", quality=QUALITY, subsampling=0)
        names.append(name)
        small.append(np.asarray(frame.resize((COMPARED_PX, COMPARED_PX), Image.Resampling.BOX)))
        told("taking frames", len(names), None if until is None else max(int(until / every) + 1, len(names)))
    if not names:
        raise PicturesError("no frame of it could be read")
    near = near_duplicates(np.stack(small), SHOWN_SIMILARITY)
    for number in near:
        (out / names[number]).unlink()
    return [name for number, name in enumerate(names) if number not in near], len(near)


def frames(path: Path, every: float) -> Iterator[tuple[float, float | None, Image.Image]]:
    """Every so many seconds a frame: when, how long the video is if that is known, and the picture, RGB and upright.

    Raises:
        SettingError, PicturesError: as `write_frames`.
    """
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise missing_package("av", "video", "Frames of videos") from error
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.video:
                raise PicturesError("there is no picture in it")
            stream: Any = container.streams.video[0]
            if stream.width * stream.height > LARGEST_PIXELS:
                raise PicturesError(f"its frames have more than {LARGEST_PIXELS // 10**6} megapixels")
            stream.thread_type = "AUTO"
            until = None if container.duration is None else container.duration / av.time_base
            due = 0.0
            for frame in container.decode(stream):
                seconds = frame.time if frame.time is not None else due
                if seconds + 1e-6 < due:
                    continue
                picture = frame.to_image()
                turn = round(getattr(frame, "rotation", 0) or 0) % 360
                yield seconds, until, picture.rotate(turn, expand=True) if turn else picture
                due = (math.floor(seconds / every + 1e-6) + 1) * every
    except (FFmpegError, ValueError, MemoryError) as error:
        plain = getattr(error, "strerror", None) or str(error)  # without the path, which may be a copy's
        said = " ".join(plain.split())[:160]
        raise PicturesError(f"cannot be read as a video: {said}") from error
