"""Pictures inside zips and tars, read in memory: nothing is unpacked, and no link is followed."""

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ganvas.data.directory import file_fingerprint
from ganvas.data.listing import LARGEST_FILE_BYTES, Broken, Entry, Listing, Source, folder_labels, is_picture
from ganvas.errors import PicturesError

LARGEST_MEMBER_BYTES = 16 * 1024**3
_LINK = "a link inside an archive, which is not followed"


def zip_source(path: Path) -> Source:
    """The pictures inside a zip, in order of name, read in memory.

    Raises:
        PicturesError: on opening, if the archive is damaged.
    """
    return Source(str(path), file_fingerprint("zip", path), lambda: _open_zip(path))


def tar_source(path: Path) -> Source:
    """The pictures inside a tar, compressed or not, in the order of the archive, read in memory.

    Raises:
        PicturesError: on opening, if the archive is damaged from its start.
    """
    return Source(str(path), file_fingerprint("tar", path), lambda: _open_tar(path))


def _inside(name: str) -> str:
    """A member's name as a plain relative path: it is only shown and used for labels, never opened."""
    return "/".join(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", "."))


@contextmanager
def _open_zip(path: Path) -> Iterator[Listing]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise PicturesError(f"{path}: cannot be read as a zip; it may be cut off or damaged") from error
    with archive:
        infos = sorted((i for i in archive.infolist() if not i.is_dir()), key=lambda info: info.filename)
        pictures = [info for info in infos if is_picture(_inside(info.filename))]
        plain = [info for info in pictures if not stat.S_ISLNK(info.external_attr >> 16)]

        def read(i: int) -> bytes:
            with archive.open(plain[i]) as member:
                return member.read(LARGEST_FILE_BYTES + 1)

        yield _archive_listing(
            [(_inside(info.filename), info.file_size) for info in plain],
            read,
            [Broken(_inside(i.filename), _LINK) for i in pictures if stat.S_ISLNK(i.external_attr >> 16)],
            len(infos) - len(pictures),
        )


@contextmanager
def _open_tar(path: Path) -> Iterator[Listing]:
    try:
        archive = tarfile.open(path)  # noqa: SIM115 - closed below
    except (OSError, EOFError, tarfile.TarError) as error:
        raise PicturesError(f"{path}: cannot be read as a tar; it may be cut off or damaged") from error
    with archive:
        members, broken, ignored = _tar_members(archive, path)

        def read(i: int) -> bytes:
            member = archive.extractfile(members[i])
            if member is None:
                raise OSError("not a regular file")
            with member:
                return member.read(LARGEST_FILE_BYTES + 1)

        yield _archive_listing([(_inside(m.name), m.size) for m in members], read, broken, ignored)


def _tar_members(archive: tarfile.TarFile, path: Path) -> tuple[list[tarfile.TarInfo], list[Broken], int]:
    members, broken, ignored = [], [], 0
    try:
        for member in archive:
            if member.size > LARGEST_MEMBER_BYTES:
                raise PicturesError(
                    f"{path}: {member.name} alone is {member.size >> 30} GB; unpack the archive yourself"
                )
            if member.isdir():
                continue
            if not is_picture(_inside(member.name)):
                ignored += 1
            elif member.isreg():
                members.append(member)
            else:
                broken.append(Broken(_inside(member.name), _LINK if member.issym() or member.islnk() else "not a file"))
    except PicturesError:
        raise
    except Exception as error:  # noqa: BLE001 - every compression has errors of its own
        broken.append(Broken(path.name, f"the archive is damaged after {len(members)} pictures: {error}"))
    return members, broken, ignored


def _archive_listing(
    pictures: list[tuple[str, int]], read: Callable[[int], bytes], broken: list[Broken], ignored: int
) -> Listing:
    labels = folder_labels([name for name, _ in pictures])
    entries = tuple(Entry(name, size, label) for (name, size), label in zip(pictures, labels, strict=True))
    return Listing(entries, read, tuple(broken), ignored)
