"""`ganvas pack`: a source of pictures, written as shards."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganvas.config import PictureSettings
from ganvas.data import Broken, open_source
from ganvas.data.findings import broken_line
from ganvas.data.shards.pack import pack_pictures
from ganvas.errors import SettingError
from ganvas.files import writing_to
from ganvas.wording import are, counted

USUAL_SHARD_MB = 100.0  # few enough files for any disk, and soon fetched: WebDataset advises 100 MB to 1 GB
LEAST_SHARD_MB, MOST_SHARD_MB = 0.01, 4000.0


@dataclass(frozen=True)
class PackResult:
    """What was packed: where it is, how much of it, and what was left out with the reasons."""

    folder: Path
    pictures: int
    shards: int
    classes: tuple[str, ...]
    size_bytes: int
    left_out: tuple[Broken, ...]

    def __str__(self) -> str:
        of_classes = f" of {counted(len(self.classes), 'class', 'classes')}" if self.classes else ""
        said = (
            f"{self.folder}: {counted(self.pictures, 'picture')}{of_classes} in {counted(self.shards, 'shard')}, "
            f"{self.size_bytes / 1e6:.1f} MB"
        )
        if self.left_out:
            said += f"\n{len(self.left_out):,} {are(len(self.left_out))} left out: {broken_line(self.left_out)}"
        return said


def pack(
    source: str, out: Path, shards: int | None, shard_mb: float | None, looking: Callable[[int, int], None] | None
) -> PackResult:
    """Write shards. Raises as the public function."""
    if shards is not None and shard_mb is not None:
        raise SettingError("--shards and --shard-mb were both given; the one follows from the other")
    size_mb = USUAL_SHARD_MB if shard_mb is None else shard_mb
    if not LEAST_SHARD_MB <= size_mb <= MOST_SHARD_MB:
        raise SettingError(f"--shard-mb {size_mb:g}: expected {LEAST_SHARD_MB:g} to {MOST_SHARD_MB:,.0f}")
    with writing_to(out):
        packed = pack_pictures(
            open_source(PictureSettings(source=source)),
            out,
            shards=shards,
            shard_bytes=int(size_mb * 1e6),
            progress=looking,
        )
    index = packed.index
    size_bytes = sum(shard.size_bytes or 0 for shard in index.shards)
    return PackResult(out, index.pictures, len(index.shards), index.classes, size_bytes, packed.left_out)
