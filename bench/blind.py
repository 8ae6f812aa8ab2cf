"""A blind vote by eye, for decisions that numbers cannot settle, and how often each measure agrees with it.

    python -m bench.blind make FOLDER --one SOURCE --other SOURCE
        [--pairs 25] [--seed 0] [--name NAME] [--called ONE OTHER]
    python -m bench.blind count FOLDER [--against SOURCE] [--count 500] [--again]
    python -m bench.blind table

`make` writes sheets of numbered pairs in a hidden order, votes.txt to be filled in, and key.json, to be opened by
`count` alone. SOURCE is a folder or an archive of pictures, or a run or a model, which draws: the same seeds on both
sides. RUN@last and RUN@12800 are moments of a run. Against real pictures, one of the two is a folder of them.

`count` refuses until every pair has its vote. Then it opens the key and adds one line to bench/results/votes.jsonl: the
votes, a two-sided sign test (pairs that are even left out), the share of votes with Wilson's 95% interval, and with
--against what each of MEASURES says of both sides, on as many pictures of each as --count. `table` shows all decisions.
"""

import argparse
import hashlib
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

import ganvas
from bench.lines import keep, kept
from ganvas.config import PictureSettings
from ganvas.data import PictureSet, load_pictures, natural_size
from ganvas.device import random_numbers
from ganvas.download import sha256
from ganvas.errors import GanvasError, SettingError
from ganvas.features import DEFAULT_EXTRACTOR, extract, load_extractor
from ganvas.files import cache_folder, read_json, replace_text, writing_to
from ganvas.formats.images import PAPER, over_checkerboard
from ganvas.metrics import Sample, frechet_distance, kernel_distance, neighbourhoods, reference_order, reference_sample
from ganvas.metrics.distances import sliced_wasserstein
from ganvas.metrics.neighbours import NEIGHBOURS, share_interval
from ganvas.run.folder import RunFolder
from ganvas.settings import nearest_side
from ganvas.wording import counted

RESULTS = Path("bench/results/votes.jsonl")
VOTES, KEY = "votes.txt", "key.json"
ONE, OTHER, EVEN = "one", "other", "even"
LEFT, RIGHT = "left", "right"
DECIDED = 0.05  # of p
PAIRS, COUNT = 25, 500
SEEDS = 2**32  # those of pairs are below it: random ones, since whoever looks may know the first from a run's sheets
COLUMNS, ROWS = 4, 5  # pairs on a sheet, which is some 1,500 px wide then: a screen shows it as it is
SIDE_PX = 160  # of a picture's longer side; larger ones stay as they are
WITHIN_PX, BETWEEN_PX, NUMBER_PX = 6, 40, 20
INK = 40
MOST_NAMED = 10  # pairs without a vote
HEAD = """\
# The better picture of each pair: write left, right or even after its number, as in "12 left".
# Leave key.json closed: `python -m bench.blind count` opens it when every pair has its vote.
"""


@dataclass(frozen=True)
class Measure:
    """A number for how good pictures are.

    of: real pictures, drawn ones -> the number. Each has `.images`, (N, H, W, C) uint8, and `.features`, (N, F), by the
        extractor of that name.
    """

    of: Callable[[Sample, Sample], float]
    higher_is_better: bool = False
    extractor: str = DEFAULT_EXTRACTOR

    def better(self, one: float, other: float) -> str:
        """Whose number is better."""
        if one == other:
            return EVEN
        return ONE if (one > other) == self.higher_is_better else OTHER


def _sliced_wasserstein(real: Sample, drawn: Sample) -> float:
    images = torch.from_numpy(real.images), torch.from_numpy(drawn.images)
    return sliced_wasserstein(*images, random_numbers(0, "measure"))


# A new measure is a line here; `count --again` brings it to decisions that were counted before.
MEASURES: dict[str, Measure] = {
    "KD-multiscale": Measure(lambda real, drawn: kernel_distance(real.features, drawn.features)),
    "KD-lite": Measure(lambda real, drawn: kernel_distance(real.features, drawn.features), extractor="lite"),
    "FD-lite": Measure(lambda real, drawn: frechet_distance(real.features, drawn.features), extractor="lite"),
    "sliced Wasserstein": Measure(_sliced_wasserstein),
    "precision": Measure(lambda real, drawn: neighbourhoods(real.features, drawn.features).precision, True),
    "recall": Measure(lambda real, drawn: neighbourhoods(real.features, drawn.features).recall, True),
    "coverage": Measure(lambda real, drawn: neighbourhoods(real.features, drawn.features).coverage, True),
}


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    settings: how a set of pictures is brought to this side's size and kind. generator: what draws, or None: then
    `settings.source` is the pictures.
    """

    settings: PictureSettings
    generator: ganvas.Generator | None

    @cached_property
    def pictures(self) -> PictureSet:
        """Those of the source, where nothing draws."""
        return load_pictures(self.settings)

    def choose(self, seeds: np.ndarray, numbers: np.random.Generator) -> list[int]:
        """Which pictures are shown: the seeds, or places in the set, none of them twice.

        Raises:
            SettingError: the set has fewer pictures than there are seeds.
        """
        if self.generator is not None:
            return seeds.tolist()
        there = len(self.pictures.images)
        if there < len(seeds):
            what = f"{counted(there, 'picture')} for {counted(len(seeds), 'pair')}"
            raise SettingError(f"{self.settings.source}: {what}; expected as many or more, or fewer --pairs")
        return numbers.choice(there, len(seeds), replace=False).tolist()

    def show(self, which: Sequence[int]) -> np.ndarray:
        """(N, H, W, C) uint8 of seeds, or of places in the set."""
        if self.generator is not None:
            return np.asarray(self.generator.draw(seeds=which))
        return np.asarray(self.pictures.images[np.asarray(which)])

    def sample(self, count: int) -> np.ndarray:
        """(count, H, W, C) uint8 to measure: of the first seeds, or the last of the set's fixed shuffled order."""
        if self.generator is not None:
            return self.show(range(count))
        return self.show(reference_order(len(self.pictures.images))[-count:].tolist())

    def most(self, real: PictureSet) -> int:
        """How many pictures can be measured against real ones: no real picture stands on both sides."""
        there = len(reference_order(len(real.images)))
        if self.generator is not None:
            return there
        own = len(reference_order(len(self.pictures.images)))
        return there // 2 if self.pictures.key == real.key else min(there, own)


@dataclass(frozen=True)
class Shown:
    """What the key says of one side. which: the seeds that it drew, or places in its set, pair by pair.

    sha256: of the pixels of these pictures.
    """

    label: str
    source: str
    which: list[int]
    sha256: str


@dataclass(frozen=True)
class Key:
    """What is hidden. left: ONE or OTHER, pair by pair. sheets: file -> SHA-256."""

    name: str
    seed: int
    one: Shown
    other: Shown
    left: list[str]
    sheets: dict[str, str]

    @staticmethod
    def read(folder: Path) -> "Key":
        """That of a folder that `make` wrote.

        Raises:
            SettingError: it is not there or not whole, or a sheet is not the one that was made.
        """
        try:
            stored = read_json(folder / KEY)
            key = Key(**stored | {side: Shown(**stored[side]) for side in (ONE, OTHER)})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SettingError(f"{folder / KEY}: cannot be read ({error}); expected what `make` wrote") from error
        for name, digest in key.sheets.items():
            if not (folder / name).is_file() or sha256(folder / name) != digest:
                raise SettingError(f"{folder / name}: not the sheet that was made, so its votes cannot be counted")
        return key


def parsed(source: str) -> tuple[str, str | None]:
    """RUN@MOMENT -> the two, where nothing lies under the whole name; else the source and None."""
    if Path(source).exists() or "@" not in source:
        return source, None
    path, _, moment = source.rpartition("@")
    return path, moment


def label_of(source: str) -> str:
    """What a source is called in tables: the last part of its path, with its moment."""
    path, moment = parsed(source)
    return (Path(path).resolve().name or path) + (f"@{moment}" if moment else "")


def full(source: str) -> str:
    """The same source, whatever the working folder."""
    path, moment = parsed(source)
    found = str(Path(path).resolve()) if Path(path).exists() else path
    return found + (f"@{moment}" if moment else "")


def model_of(source: str) -> ganvas.Generator | None:
    """The model of a run or a model folder; None for pictures.

    Raises:
        GanvasError: it cannot be read, or has no such moment.
    """
    path, moment = parsed(source)
    parts = ("model.json", "model/model.json", "run.toml")
    is_model = moment is not None or any((Path(path) / part).exists() for part in parts)
    return ganvas.load(path, at=moment) if is_model else None


def settings_of(model: ganvas.Generator) -> PictureSettings:
    """How pictures are brought to a model's size and kind: as its run did it, where that is known."""
    drawn = model.description
    trained = RunFolder(model.path).read_config()
    start = PictureSettings(source="") if trained is None else trained.config.pictures
    kind = {"width": drawn.width, "height": drawn.height, "channels": drawn.channel_setting}
    return start.model_copy(update=kind | {"conditional": False, "per_class": 1.0, "drop_near": None})


def natural_settings(source: str) -> PictureSettings:
    """In colour, at the size of the source's first picture, as far as Ganvas has it."""
    width, height = map(nearest_side, natural_size(PictureSettings(source=source)))
    return PictureSettings(source=source, width=width, height=height, channels="rgb")


def opened(one: str, other: str) -> tuple[Side, Side]:
    """Both sides; pictures are seen at the size of the model that they stand against, or else at that of the first.

    Raises:
        GanvasError: a source cannot be read.
    """
    sources, models = (one, other), [model_of(one), model_of(other)]
    like = next((settings_of(model) for model in models if model), None) or natural_settings(one)
    first, second = (
        Side(settings_of(model) if model else like.model_copy(update={"source": source}), model)
        for source, model in zip(sources, models, strict=True)
    )
    return first, second


def digest(images: np.ndarray) -> str:
    """SHA-256 of pixels and their shape."""
    return hashlib.sha256(f"{images.shape}".encode() + np.ascontiguousarray(images).tobytes()).hexdigest()


def make(folder: Path, one: str, other: str, *, pairs: int, seed: int, name: str, labels: Sequence[str]) -> None:
    """Write sheets, votes to be filled in, and the key, last.

    Raises:
        SettingError: a vote lies in the folder, the labels are one, or a set has too few pictures.
        GanvasError: a source cannot be read.
    """
    if (folder / KEY).exists():
        raise SettingError(f"{folder}: holds a vote already; expected a new folder")
    if labels[0] == labels[1]:
        raise SettingError(f"both sources are called {labels[0]!r}; expected two names: give them with --called")
    if pairs < 1:
        raise SettingError(f"--pairs {pairs}: expected one or more")
    sides = opened(one, other)
    # Of the names too, so that an order that was seen tells nothing of another decision's.
    hidden = hashlib.sha256("\n".join([name, *labels]).encode()).digest()
    numbers = np.random.default_rng([seed, *hidden])
    # Each pair by a coin of its own: then the sign test is exact, whichever side a voter leans to.
    left = [(ONE, OTHER)[coin] for coin in numbers.integers(2, size=pairs)]
    seeds = numbers.choice(SEEDS, pairs, replace=False)
    which = [side.choose(seeds, numbers) for side in sides]
    images = [side.show(chosen) for side, chosen in zip(sides, which, strict=True)]
    in_order = [(a, b) if place == ONE else (b, a) for place, a, b in zip(left, *images, strict=True)]
    shown = [
        Shown(label, full(source), chosen, digest(pictures))
        for label, source, chosen, pictures in zip(labels, (one, other), which, images, strict=True)
    ]
    with writing_to(folder, "FOLDER"):
        folder.mkdir(parents=True, exist_ok=True)
        sheets = {}
        for sheet, start in enumerate(range(0, pairs, COLUMNS * ROWS), start=1):
            path = folder / f"sheet-{sheet}.png"
            drawn_sheet(in_order[start : start + COLUMNS * ROWS], first=start + 1).save(path)
            sheets[path.name] = sha256(path)
        replace_text(folder / VOTES, HEAD + "".join(f"{number}\n" for number in range(1, pairs + 1)))
        replace_text(folder / KEY, json.dumps(asdict(Key(name, seed, shown[0], shown[1], left, sheets)), indent=1))


def enlarged(image: np.ndarray, side_px: int) -> Image.Image:
    """(H, W, C) uint8 as RGB, its longer side `side_px`; transparency over a checkerboard."""
    if image.shape[2] == 4:
        image = over_checkerboard(image)
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).convert("RGB")
    scale = side_px / max(picture.size)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)


def drawn_sheet(pairs: Sequence[tuple[np.ndarray, np.ndarray]], *, first: int) -> Image.Image:
    """Pairs row by row from the top left, each with its number below; all in cells of one size.

    Args:
        pairs: left and right, (H, W, C) uint8 each.
        first: the number of the first pair.
    """
    side_px = max(SIDE_PX, *(max(image.shape[:2]) for pair in pairs for image in pair))
    shown = [[enlarged(image, side_px) for image in pair] for pair in pairs]
    width = max(picture.width for pair in shown for picture in pair)
    height = max(picture.height for pair in shown for picture in pair)
    across, down = 2 * width + WITHIN_PX + BETWEEN_PX, height + NUMBER_PX + BETWEEN_PX
    rows = math.ceil(len(pairs) / COLUMNS)
    sheet = Image.new("RGB", (min(COLUMNS, len(pairs)) * across + BETWEEN_PX, rows * down + BETWEEN_PX), (PAPER,) * 3)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(NUMBER_PX)
    for index, pair in enumerate(shown):
        x, y = BETWEEN_PX + index % COLUMNS * across, BETWEEN_PX + index // COLUMNS * down
        for picture, at in zip(pair, (x, x + width + WITHIN_PX), strict=True):
            sheet.paste(picture, (at + (width - picture.width) // 2, y + (height - picture.height) // 2))
        pen.text((x + width + WITHIN_PX // 2, y + height + 4), str(first + index), (INK,) * 3, font, anchor="mt")
    return sheet


def read_votes(path: Path, pairs: int) -> list[str]:
    """LEFT, RIGHT or EVEN, pair by pair.

    Raises:
        SettingError: a vote is missing, given twice, or is none of these; says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: cannot be read ({error}); expected what `make` wrote, filled in") from error
    votes: dict[int, str] = {}
    for at, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#") or (len(words) == 1 and re.fullmatch("[0-9]+", words[0])):
            continue
        if not re.fullmatch(rf"[0-9]{{1,9}} ({LEFT}|{RIGHT}|{EVEN})", " ".join(words)):
            raise SettingError(f"{path}, line {at}: {line.strip()!r:.60}; expected left, right or even, as in 12 left")
        number = int(words[0])
        if not 1 <= number <= pairs:
            raise SettingError(f"{path}, line {at}: there is no pair {number}; expected 1 to {pairs}")
        if number in votes:
            raise SettingError(f"{path}, line {at}: pair {number} has a vote already; expected one of each pair")
        votes[number] = words[1]
    if missing := [number for number in range(1, pairs + 1) if number not in votes]:
        which = ", ".join(map(str, missing[:MOST_NAMED])) + (", ..." if len(missing) > MOST_NAMED else "")
        raise SettingError(
            f"{path}: no vote yet on {counted(len(missing), 'pair')}: {which}; expected left, right or even for each"
        )
    return [votes[number] for number in range(1, pairs + 1)]


def unblinded(votes: Sequence[str], left: Sequence[str]) -> list[str]:
    """Votes for a place -> for ONE, OTHER or EVEN, given who was on the left, pair by pair."""
    opposite = {ONE: OTHER, OTHER: ONE}
    meant = ({LEFT: place, RIGHT: opposite[place], EVEN: EVEN} for place in left)
    return [places[vote] for vote, places in zip(votes, meant, strict=True)]


def sign_test(one: int, other: int) -> float:
    """Two-sided p of so many votes for each, were a fair coin to vote: the exact binomial, 1 where there are none."""
    of = one + other
    tail = sum(math.comb(of, wins) for wins in range(max(one, other), of + 1))
    return min(2 * tail / 2**of, 1.0)


def measured(sides: tuple[Side, Side], against: str, count: int) -> dict[str, Any]:
    """Each of MEASURES of both sides, with which is better, on `count` pictures or as many as there are.

    Raises:
        SettingError: there are too few pictures.
        GanvasError: the real ones cannot be read.
    """
    reals = [load_pictures(side.settings.model_copy(update={"source": against})) for side in sides]
    count = min(count, *(side.most(real) for side, real in zip(sides, reals, strict=True)))
    if count <= NEIGHBOURS:
        raise SettingError(f"{counted(count, 'picture')} to measure: expected {NEIGHBOURS + 1} or more")
    found = []
    for side, real in zip(sides, reals, strict=True):
        cache = cache_folder()
        images, pairs = side.sample(count), {}
        for extractor in {measure.extractor for measure in MEASURES.values()}:
            see = load_extractor(extractor, real.images.shape[1:3], cache / "downloads")
            pairs[extractor] = reference_sample(real, see, count, cache), Sample(images, extract(see, images))
        found.append({name: float(measure.of(*pairs[measure.extractor])) for name, measure in MEASURES.items()})
    one, other = found
    said = {
        name: {ONE: one[name], OTHER: other[name], "better": measure.better(one[name], other[name])}
        for name, measure in MEASURES.items()
    }
    return {"against": label_of(against), "count": count, "measures": said}


def count_votes(folder: Path, *, against: str | None, count: int, again: bool) -> dict[str, Any]:
    """The line of a decision.

    Raises:
        SettingError: a vote is missing, or it was counted before and is not to be counted again, or a source draws
            other pictures than those that were voted on.
        GanvasError: a source cannot be read.
    """
    key = Key.read(folder)
    votes = read_votes(folder / VOTES, len(key.left))
    if not again and any(line["name"] == key.name for line in kept(RESULTS)):
        raise SettingError(f"{key.name}: counted before, in {RESULTS}; --again counts it anew")
    fates = unblinded(votes, key.left)
    tally = Counter(fates)
    one, other = tally[ONE], tally[OTHER]
    line = {"name": key.name, ONE: key.one.label, OTHER: key.other.label}
    line |= {"votes": {fate: tally[fate] for fate in (ONE, OTHER, EVEN)}, "p": sign_test(one, other)}
    line |= {"share": [one / (one + other), *share_interval(one, one + other)] if one + other else None}
    line |= {"seed": key.seed, "pairs": fates, "left": key.left}
    if against is not None:
        sides = opened(key.one.source, key.other.source)
        for side, shown in zip(sides, (key.one, key.other), strict=True):
            if digest(side.show(shown.which)) != shown.sha256:
                raise SettingError(
                    f"{shown.label}: no longer gives the pictures that were voted on; leave out --against"
                )
        line |= measured(sides, against, count)
    return line


def report(lines: Sequence[dict[str, Any]]) -> str:
    """The table of decisions, each as it was last counted, and how often each measure sided with the eye."""
    lines = list({line["name"]: line for line in lines}.values())
    names = list(dict.fromkeys(name for line in lines for name in line.get("measures", {})))
    heads = ["decision", "one", "other", "for one, other, even", "share for one [95%]", "p", *names]
    rows = [heads, ["---"] * len(heads)]
    for line in lines:
        votes = ", ".join(str(line["votes"][fate]) for fate in (ONE, OTHER, EVEN))
        share = "{:.0%} [{:.0%}, {:.0%}]".format(*line["share"]) if line["share"] else ""
        said = [said_by(line.get("measures", {}).get(name)) for name in names]
        rows.append([line["name"], line[ONE], line[OTHER], votes, share, f"{line['p']:.2g}", *said])
    decided = [line for line in lines if line["p"] < DECIDED]
    rows += [[], ["measure", f"with the eye, where p < {DECIDED:g}"], ["---"] * 2]
    for name in names:
        asked = [line for line in decided if name in line.get("measures", {})]
        with_the_eye = sum(line["measures"][name]["better"] == preferred(line) for line in asked)
        rows.append([name, f"{with_the_eye} of {len(asked)}"])
    rows = rows if names else rows[: 2 + len(lines)]
    return "\n".join(f"| {' | '.join(cells)} |" if cells else "" for cells in rows)


def preferred(line: dict[str, Any]) -> str:
    """Whom most votes of a decided line are for."""
    return ONE if line["votes"][ONE] > line["votes"][OTHER] else OTHER


def said_by(measure: dict[str, Any] | None) -> str:
    """A measure of both sides, the better in bold; "" where it was not taken."""
    if measure is None:
        return ""
    return ", ".join(
        f"**{measure[side]:.3g}**" if measure["better"] == side else f"{measure[side]:.3g}" for side in (ONE, OTHER)
    )


def parser() -> argparse.ArgumentParser:
    """make, count and table."""
    whole = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = whole.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make", help="sheets, votes to be filled in, and the key")
    making.add_argument("folder", type=Path, metavar="FOLDER")
    making.add_argument("--one", required=True, metavar="SOURCE")
    making.add_argument("--other", required=True, metavar="SOURCE")
    making.add_argument("--pairs", type=int, default=PAIRS, metavar="N")
    making.add_argument("--seed", type=int, default=0, metavar="N", help="of the order and of the pictures")
    making.add_argument("--name", help="what is decided; the folder's name unless given")
    making.add_argument("--called", nargs=2, metavar=("ONE", "OTHER"), help="what both are called in the table")
    counting = verbs.add_parser("count", help="open the key and keep the votes")
    counting.add_argument("folder", type=Path, metavar="FOLDER")
    counting.add_argument("--against", metavar="SOURCE", help="real pictures, to measure both sides by")
    counting.add_argument("--count", type=int, default=COUNT, metavar="N", help="pictures of each to measure")
    counting.add_argument("--again", action="store_true", help="though it was counted before")
    verbs.add_parser("table", help="all decisions, and how often each measure agrees with them")
    return whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Make, count or show."""
    asked = parser().parse_args(arguments)
    try:
        if asked.verb == "make":
            labels = asked.called or [label_of(asked.one), label_of(asked.other)]
            name = asked.name or asked.folder.resolve().name
            make(asked.folder, asked.one, asked.other, pairs=asked.pairs, seed=asked.seed, name=name, labels=labels)
            print(f"{asked.folder}: look at the sheets, fill in {VOTES}, and leave {KEY} closed until it is counted")
        elif asked.verb == "count":
            line = count_votes(asked.folder, against=asked.against, count=asked.count, again=asked.again)
            keep(RESULTS, line)
            print(report([line]))
        else:
            print(report(kept(RESULTS)))
    except GanvasError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
