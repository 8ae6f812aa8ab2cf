"""The public functions that take pictures: looked over, and packed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.workflows.parse import Size, parse_share, parse_size

if TYPE_CHECKING:
    from ganvas.data import PictureSet
    from ganvas.data.handed import PicturesLike
    from ganvas.workflows.pack import PackResult


def look(
    source: "PicturesLike",
    *,
    size: Size = 64,
    fit: str = "crop",
    alpha: bool = False,
    conditional: bool = False,
    per_class: str | float = 1.0,
    levels: str | float = "auto",
    drop_near: float | None = None,
    progress: bool = True,
) -> "PictureSet":
    """Look pictures over as training would: what is there, what is broken, and what the network will see.

    Args:
        source: a folder, zip, tar, .npy or video; shards as `pack` writes them, or their address; avatars, digits,
            mnist, lfw, celeba; hf:owner/dataset; an array (N, H, W, C) uint8; a list of paths or PIL images; a PyTorch
            Dataset of pictures, with or without labels.
        size: pixels, 16 to 1,024: one side, (width, height) or "96x64".
        fit: how pictures of another shape are made to fit: crop, pad or stretch.
        alpha: keep transparency instead of flattening it on white.
        conditional: sub-folders, or the labels of a Dataset, are classes.
        per_class: the share of every class that is used.
        levels: what becomes black and white in pictures of more than 8 bits: white as 4095, or "black:white"; "auto"
            takes one scale for all from their values.
        drop_near: leave out pictures that are as similar as that to another one, as 0.98; None: they are only shown.
        progress: show on stderr how far it is.
    Returns:
        `.images` (N, H, W, C) uint8, `.labels`, `.classes`, `.report` of the findings, `.contact_sheet()`.
    Raises:
        SettingError, PicturesError: there is no such source, or too few of its pictures can be used.
    """
    from ganvas.config import PictureSettings, checked
    from ganvas.data import load_pictures
    from ganvas.data.handed import as_source
    from ganvas.workflows.progress import show_looking

    width, height = parse_size(size)
    values = {
        "source": as_source(source),
        "width": width,
        "height": height,
        "fit": fit,
        "channels": "rgba" if alpha else "auto",
        "conditional": conditional,
        "per_class": parse_share(per_class),
        "levels": levels,
        "drop_near": drop_near,
    }
    return load_pictures(checked(PictureSettings, values), progress=show_looking if progress else None)


def pack(
    source: "PicturesLike",
    out: str | os.PathLike[str],
    *,
    shards: int | None = None,
    shard_mb: float | None = None,
    progress: bool = True,
) -> "PackResult":
    """Write pictures as shards: tars in WebDataset's layout with an index, for sets too large to be decoded at once.

    Files are kept as they are, and arrays become PNGs. The same pictures give the same bytes.

    Args:
        source: as `look`.
        out: the folder to write, which may not be there yet.
        shards: how many.
        shard_mb: megabytes of each, about; 100 unless one of the two is given.
        progress: show on stderr how far it is.
    Returns:
        `.folder`, `.pictures`, `.shards`, `.classes`, `.size_bytes`, `.left_out` with reasons.
    Raises:
        SettingError, PicturesError: there is no such source, or no picture of it can be read; `out` is there already.
        DiskError: the disk is full.
    """
    from ganvas.data.handed import as_source
    from ganvas.workflows.pack import pack as write
    from ganvas.workflows.progress import show_looking

    return write(as_source(source), Path(out), shards, shard_mb, show_looking if progress else None)
