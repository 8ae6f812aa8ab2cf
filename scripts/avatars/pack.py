"""Pack the drawn faces into the one file that ships: python pack.py FOLDER

FOLDER holds what draw.mjs wrote: 0000.png to 1999.png, 192 px, opaque. The sheet is 50 tiles wide and 40 high; picture
i stands at column i % 50, row i // 50.
"""

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

SHEET = Path(__file__).parents[2] / "src/ganvas/data/avatars/avatars.webp"
PICTURES, COLUMNS, ROWS = 2000, 50, 40
DRAWN_PX, TILE_PX = 192, 64


def read_tile(path: Path) -> np.ndarray:
    """(64, 64, 3) uint8: each pixel is the mean of the 3x3 drawn ones.

    Raises:
        ValueError: the picture is not an opaque square of 192 px.
    """
    with Image.open(path) as picture:
        rgba = picture.convert("RGBA")
    if rgba.size != (DRAWN_PX, DRAWN_PX) or np.asarray(rgba)[..., 3].min() < 255:
        raise ValueError(f"{path}: expected an opaque {DRAWN_PX}x{DRAWN_PX} picture; draw the set again")
    return np.asarray(rgba.convert("RGB").resize((TILE_PX, TILE_PX), Image.Resampling.BOX))


def to_sheet(tiles: np.ndarray) -> np.ndarray:
    """(N, 64, 64, 3) to (40 * 64, 50 * 64, 3), row by row."""
    grid = tiles.reshape(ROWS, COLUMNS, TILE_PX, TILE_PX, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(ROWS * TILE_PX, COLUMNS * TILE_PX, 3)


def to_tiles(sheet: np.ndarray) -> np.ndarray:
    """The inverse of `to_sheet`."""
    grid = sheet.reshape(ROWS, TILE_PX, COLUMNS, TILE_PX, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(PICTURES, TILE_PX, TILE_PX, 3)


def main(folder: Path) -> None:
    paths = [folder / f"{index:04d}.png" for index in range(PICTURES)]
    tiles = np.stack([read_tile(path) for path in paths])
    distinct = len({tile.tobytes() for tile in tiles})
    if distinct != PICTURES:
        raise ValueError(f"{PICTURES - distinct} of {PICTURES} pictures repeat another; change the options in draw.mjs")

    SHEET.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_sheet(tiles)).save(SHEET, lossless=True, quality=100, method=6)

    start = time.perf_counter()
    with Image.open(SHEET) as sheet:
        read_back = to_tiles(np.asarray(sheet.convert("RGB")))
    seconds = time.perf_counter() - start
    if not np.array_equal(read_back, tiles):
        raise ValueError(f"{SHEET}: the sheet does not decode to the tiles that were packed")
    print(f"{SHEET.name}: {PICTURES} distinct pictures, {SHEET.stat().st_size:,} bytes, decoded in {seconds:.2f} s")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python pack.py FOLDER")
    main(Path(sys.argv[1]))
