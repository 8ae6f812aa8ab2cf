"""Twenty sets that nothing in Ganvas was tuned on, for bench/unseen.py.

    python -m bench.unseen_sets FOLDER DATA_FOLDER PACKAGES_FOLDER

Ten are parts, colours and turns of the sets at hand (DATA_FOLDER holds faces-color, faces-gray and cars); five are
drawn here; five come from free packages of Debian, unpacked side by side in PACKAGES_FOLDER: openclipart-png,
fonts-noto-color-emoji, tuxpaint-stamps-default, oxygen-icon-theme and nexuiz-textures. Each becomes a folder of at most
1,000 pictures of 64 px or a little more. A set that is there is kept; one whose source is missing is left out.
"""

import argparse
import io
import itertools
import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ganvas.config import PictureSettings
from ganvas.data import load_pictures

MOST, SIDE_PX = 1000, 64
Pictures = Iterator[Image.Image]


def files(folder: Path, *endings: str) -> Pictures:
    """The pictures below a folder, in an order that mixes its subfolders; those that do not open are left out."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in endings)
    for index in np.random.default_rng(0).permutation(len(found)):
        try:
            yield Image.open(found[index]).convert("RGBA")
        except OSError:
            continue


def on_white(image: Image.Image) -> Image.Image:
    """Fitted into a square of SIDE_PX."""
    fitted = ImageOps.contain(image.convert("RGBA"), (SIDE_PX, SIDE_PX))
    ground = Image.new("RGBA", (SIDE_PX, SIDE_PX), "white")
    ground.alpha_composite(fitted, ((SIDE_PX - fitted.width) // 2, (SIDE_PX - fitted.height) // 2))
    return ground.convert("RGB")


def part(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """A crop by shares of the sides."""
    width, height = image.size
    return image.convert("RGB").crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )


def turned_hue(image: Image.Image) -> Image.Image:
    """Red becomes green, green blue and blue red."""
    red, green, blue = image.convert("RGB").split()
    return Image.merge("RGB", (blue, red, green))


def known(source: str, side_px: int) -> Pictures:
    """Of a set that ships with Ganvas."""
    for image in load_pictures(PictureSettings(source=source, width=side_px, height=side_px)).images:
        yield Image.fromarray(np.asarray(image).squeeze()).convert("RGB")


def coloured_digits() -> Pictures:
    numbers = np.random.default_rng(1)
    for image in known("digits", 28):
        ink, paper = (tuple(map(int, numbers.integers(low, high, 3))) for low, high in ((120, 256), (0, 100)))
        yield ImageOps.colorize(image.convert("L"), paper, ink)


def trees() -> Pictures:
    """Branching lines, brown on light blue."""
    for seed in itertools.count():
        numbers = np.random.default_rng(seed)
        image = Image.new("RGB", (4 * SIDE_PX, 4 * SIDE_PX), (215, 230, 240))
        draw = ImageDraw.Draw(image)
        lean, shrink = numbers.uniform(0.25, 0.6), numbers.uniform(0.62, 0.76)
        branches = [(numbers.uniform(110, 146), 250.0, -math.pi / 2, numbers.uniform(55, 80), 7)]
        while branches:
            x, y, angle, length, left = branches.pop()
            end = x + length * math.cos(angle), y + length * math.sin(angle)
            draw.line((x, y, *end), (90, 60 + 14 * (7 - left), 40), 2 * left)
            if left > 1:
                turns = (side * lean + numbers.normal(0, 0.12) for side in (-1, 1))
                branches.extend((*end, angle + turn, length * shrink, left - 1) for turn in turns)
        yield image


def mosaics() -> Pictures:
    """Cells around random points, each of one colour of a palette of four."""
    places = np.stack(np.meshgrid(np.arange(SIDE_PX), np.arange(SIDE_PX)), axis=-1)
    for seed in itertools.count():
        numbers = np.random.default_rng(seed)
        points = numbers.uniform(0, SIDE_PX, (numbers.integers(8, 20), 2))
        nearest = np.linalg.norm(places[:, :, None] - points, axis=-1).argmin(-1)
        palette = numbers.integers(30, 250, (4, 3))
        yield Image.fromarray(palette[numbers.integers(0, 4, len(points))][nearest].astype(np.uint8))


def waves() -> Pictures:
    """Sums of three sinusoids, between two colours."""
    across, down = np.meshgrid(np.arange(SIDE_PX), np.arange(SIDE_PX))
    for seed in itertools.count():
        numbers = np.random.default_rng(seed)
        frequency, angle, phase = numbers.uniform((1, 0, 0), (6, np.pi, 2 * np.pi), (3, 3)).T[..., None, None]
        along = frequency * (across * np.cos(angle) + down * np.sin(angle)) / SIDE_PX  # (3, H, W)
        height = np.sin(2 * np.pi * along + phase).sum(0)
        one, other = numbers.integers(0, 256, (2, 3))
        share = (height[..., None] + 3) / 6
        yield Image.fromarray((one * share + other * (1 - share)).astype(np.uint8))


def julia() -> Pictures:
    """Quadratic Julia sets by how soon they escape, in shades from dark blue to orange."""
    across, down = np.meshgrid(np.linspace(-1.5, 1.5, SIDE_PX), np.linspace(-1.5, 1.5, SIDE_PX))
    for seed in itertools.count():
        angle, radius = np.random.default_rng(seed).uniform((0, 0.6), (2 * np.pi, 0.8))
        z, steps = across + 1j * down, np.zeros(across.shape)
        for _ in range(40):
            inside = abs(z) < 4
            z = np.where(inside, z**2 + radius * np.exp(1j * angle), z)
            steps += inside
        share = (steps / 40)[..., None]
        yield Image.fromarray(
            (np.array((20, 20, 70)) * (1 - share) + np.array((250, 170, 60)) * share).astype(np.uint8)
        )


def letters() -> Pictures:
    """Capitals and small letters, dark on paper, turned a little."""
    for seed in itertools.count():
        numbers = np.random.default_rng(seed)
        letter = "ABCDEFGHKLMNPRSTabdefghknrst"[numbers.integers(28)]
        font = ImageFont.load_default(float(numbers.uniform(130, 220)))
        image = Image.new("L", (4 * SIDE_PX, 4 * SIDE_PX), 0)
        ImageDraw.Draw(image).text((128, 128), letter, 255, font, anchor="mm")
        image = image.rotate(float(numbers.normal(0, 8)), Image.Resampling.BICUBIC)
        yield ImageOps.colorize(image, (236, 228, 212), tuple(map(int, numbers.integers(0, 110, 3))))


def emoji(font: Path) -> Pictures:
    """The people, animals, food and things of a font of coloured bitmaps."""
    drawn = ImageFont.truetype(font, 109)
    for code in [*range(0x1F300, 0x1F650), *range(0x1F680, 0x1F6D0), *range(0x1F900, 0x1F9FF)]:
        image = Image.new("RGBA", (136, 128))
        ImageDraw.Draw(image).text((0, 0), chr(code), font=drawn, embedded_color=True)
        if box := image.getbbox():
            yield image.crop(box)


def textures(archive: Path) -> Pictures:
    """The middle of each colour map."""
    with zipfile.ZipFile(archive) as held:
        names = [name for name in held.namelist() if name.endswith((".jpg", ".tga"))]
        plain = [
            name for name in names if not name.removesuffix(name[-4:]).endswith(("_norm", "_gloss", "_glow", "_bump"))
        ]
        for index in np.random.default_rng(0).permutation(len(plain)):
            image = Image.open(io.BytesIO(held.read(plain[index]))).convert("RGB")
            if min(image.size) >= 2 * SIDE_PX:
                yield ImageOps.fit(image, (2 * SIDE_PX, 2 * SIDE_PX))


def sets(data: Path, packages: Path) -> dict[str, tuple[Path | None, Callable[[], Pictures]]]:
    """Name -> what must be there, and the pictures."""
    gray, color, cars = (data / name for name in ("faces-gray", "faces-color", "cars"))
    clipart, stamps = packages / "openclipart-png", packages / "tuxpaint-stamps-default"
    icons = packages / "oxygen-icon-theme/usr/share/icons/oxygen/base/64x64"
    font = packages / "fonts-noto-color-emoji/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
    archive = packages / "nexuiz-textures/usr/share/games/nexuiz/data/textures.pk3"
    photographs = (".jpg", ".png")
    return {
        "gray-heads": (gray, lambda: (part(each, 0.2, 0.22, 0.8, 0.82) for each in files(gray, *photographs))),
        "gray-eyes": (gray, lambda: (part(each, 0.1, 0.2, 0.9, 0.6) for each in files(gray, *photographs))),
        "color-mouths": (color, lambda: (part(each, 0.1, 0.45, 0.9, 1) for each in files(color, *photographs))),
        "color-hues": (color, lambda: map(turned_hue, files(color, *photographs))),
        "color-upside-down": (
            color,
            lambda: (ImageOps.flip(each.convert("RGB")) for each in files(color, *photographs)),
        ),
        "cars-left": (cars, lambda: (part(each, 0, 0, 0.5, 1) for each in files(cars, *photographs))),
        "cars-negative": (cars, lambda: (ImageOps.invert(each.convert("RGB")) for each in files(cars, *photographs))),
        "cars-gray": (cars, lambda: (each.convert("L") for each in files(cars, *photographs))),
        "avatar-heads": (None, lambda: (part(each, 0.2, 0.15, 0.85, 0.8) for each in known("avatars", 96))),
        "digits-coloured": (None, coloured_digits),
        "trees": (None, trees),
        "mosaics": (None, mosaics),
        "waves": (None, waves),
        "julia": (None, julia),
        "letters": (None, letters),
        "clipart": (clipart, lambda: map(on_white, files(clipart / "usr/share/openclipart/png", ".png"))),
        "emoji": (font, lambda: map(on_white, emoji(font))),
        "stamps": (stamps, lambda: map(on_white, files(stamps / "usr/share/tuxpaint/stamps", ".png"))),
        "icons": (icons, lambda: map(on_white, files(icons, ".png"))),
        "textures": (archive, lambda: textures(archive)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Make those that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("packages", type=Path)
    parser.add_argument("--images", type=int, default=MOST, help="of each set, at most")
    asked = parser.parse_args(arguments)
    for name, (needed, pictures) in sets(asked.data, asked.packages).items():
        folder = asked.folder / name
        if folder.exists() or (needed is not None and not needed.exists()):
            continue
        folder.mkdir(parents=True)
        for number, image in enumerate(itertools.islice(pictures(), asked.images)):
            image.thumbnail((2 * SIDE_PX, 2 * SIDE_PX))
            image.save(folder / f"{number:04d}.png")
        print(name, len(list(folder.iterdir())), flush=True)


if __name__ == "__main__":
    main()
