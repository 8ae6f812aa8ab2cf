"""A blind vote: the order is hidden, every vote goes to the right side, and the counts are those of closed forms.

The pictures are flat, each of a colour of its own: so a sheet says by its pixels what is shown where.
"""

import json

import numpy as np
import pytest
import torch
from bench.blind import EVEN, ONE, OTHER, Key
from bench.lines import keep, kept
from PIL import Image

from bench import blind
from ganvas.errors import SettingError

PAIRS = blind.COLUMNS * blind.ROWS + 2  # more than one sheet
SQUARE = blind.SIDE_PX**2


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """30 reds and 30 blues of 16 px, with a green that differs from picture to picture."""
    data = tmp_path_factory.mktemp("sets")
    for name, tint in (("red", 0), ("blue", 2)):
        (data / name).mkdir()
        for index in range(30):
            levels = np.zeros((16, 16, 3), np.uint8)
            levels[..., tint], levels[..., 1] = 200, 8 * index
            Image.fromarray(levels).save(data / name / f"{index:02d}.png")
    return data


@pytest.fixture(scope="module")
def made(sets, tmp_path_factory):
    """A vote that nobody has filled in."""
    folder = tmp_path_factory.mktemp("votes") / "red or blue"
    make(folder, sets)
    return folder


@pytest.fixture(autouse=True)
def a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def vote(made, tmp_path):
    """A copy of it, to fill in."""
    folder = tmp_path / made.name
    folder.mkdir()
    for path in made.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def make(folder, sets, *options):
    sources = ["--one", str(sets / "red"), "--other", str(sets / "blue")]
    blind.main(["make", str(folder), *sources, "--pairs", str(PAIRS), *options])


def fill_in(folder, choose):
    """Vote on each pair: `choose` is given its number, from 1 on, and who is on the left."""
    left = Key.read(folder).left
    votes = (f"{number} {choose(number, place)}\n" for number, place in enumerate(left, start=1))
    (folder / blind.VOTES).write_text("# a comment\n\n" + "".join(votes))


def for_red(number, left):
    return "left" if left == ONE else "right"


def refusal(capsys, *arguments):
    """What a command says that is refused."""
    with pytest.raises(SystemExit) as ended:
        blind.main([str(each) for each in arguments])
    assert ended.value.code == SettingError.exit_status
    return capsys.readouterr().err.strip()


def colours(sheet):
    """Place of its first pixel -> colour, of every picture of a sheet, in reading order."""
    with Image.open(sheet) as opened:
        levels = np.asarray(opened.convert("RGB"))
    packed = levels @ np.array([65536, 256, 1])
    values, first, counts = np.unique(packed, return_index=True, return_counts=True)
    found = {}
    for value, place, count in zip(values, first, counts, strict=True):
        colour = tuple(int(value) >> shift & 255 for shift in (16, 8, 0))
        if 200 in colour and 0 in colour:
            assert count == SQUARE  # once on the sheet, and whole
            found[int(place)] = colour
    return dict(sorted(found.items()))


def colours_of(side, which, sets):
    """Those of chosen pictures, by the key."""
    (one, other) = blind.opened(str(sets / "red"), str(sets / "blue"))
    images = (one if side == ONE else other).show(which)
    return [tuple(map(int, image[0, 0])) for image in images]


def test_the_sheets_show_every_pair_once_and_as_the_key_says(made, sets):
    key = Key.read(made)
    shown = [colour for name in key.sheets for colour in colours(made / name).values()]
    one, other = colours_of(ONE, key.one.which, sets), colours_of(OTHER, key.other.which, sets)
    expected = []
    for place, red, blue in zip(key.left, one, other, strict=True):
        expected += [red, blue] if place == ONE else [blue, red]
    assert shown == expected
    assert len(set(shown)) == 2 * PAIRS
    assert list(key.sheets) == ["sheet-1.png", "sheet-2.png"]


def test_a_number_of_its_own_stands_under_every_pair(made):
    across, down = (blind.SIDE_PX * times + blind.BETWEEN_PX for times in (2, 1))
    across, down = across + blind.WITHIN_PX, down + blind.NUMBER_PX
    numbers = []
    for name, count in (("sheet-1.png", PAIRS - 2), ("sheet-2.png", 2)):
        with Image.open(made / name) as opened:
            levels = np.asarray(opened.convert("L"))
        for index in range(count):
            left = blind.BETWEEN_PX + index % blind.COLUMNS * across
            below = blind.BETWEEN_PX + index // blind.COLUMNS * down + blind.SIDE_PX
            number = levels[below : below + blind.NUMBER_PX + 4, left : left + across - blind.BETWEEN_PX]
            assert number.min() < 2 * blind.INK
            numbers.append(number.tobytes())
    assert len(set(numbers)) == PAIRS


def test_pictures_of_two_shapes_stand_in_cells_of_one_size():
    wide, tall = np.full((16, 32, 1), 10, np.uint8), np.full((64, 32, 3), 20, np.uint8)
    sheet = np.asarray(blind.drawn_sheet([(wide, tall)], first=1))
    for level in (10, 20):
        assert (sheet == level).all(axis=2).sum() == SQUARE // 2
    large = np.full((200, 200, 3), 30, np.uint8)
    sheet = np.asarray(blind.drawn_sheet([(wide, large)], first=1))
    assert (sheet == 30).all(axis=2).sum() == 200 * 200
    assert (sheet == 10).all(axis=2).sum() == 200 * 100


def test_a_transparent_picture_lies_on_a_checkerboard():
    clear = np.zeros((16, 16, 4), np.uint8)
    assert np.asarray(blind.enlarged(clear, 16)).min() > 200


def test_the_order_is_hidden_and_reproducible_by_the_seed(made, sets, tmp_path):
    key = Key.read(made)
    assert set(key.left) == {ONE, OTHER}
    for folder, options in {
        "same": [],
        "seed": ["--seed", "1", "--name", key.name],
        "named": ["--name", "another"],
    }.items():
        make(tmp_path / folder, sets, *(options or ["--name", key.name]))
    assert Key.read(tmp_path / "same") == key
    others = [Key.read(tmp_path / name) for name in ("seed", "named")]
    assert all(other.left != key.left and other.one.which != key.one.which for other in others)


def test_nothing_but_the_key_tells_the_sources(made):
    told = {path.name for path in made.iterdir() if b"red" in path.read_bytes().replace(b"red or blue", b"")}
    assert told == {blind.KEY}
    for sheet in made.glob("*.png"):
        with Image.open(sheet) as opened:
            assert opened.info == {}


def test_a_vote_goes_to_the_side_that_the_key_has_there(vote, capsys):
    fill_in(vote, for_red)
    blind.main(["count", str(vote)])
    (line,) = kept(blind.RESULTS)
    assert line["votes"] == {ONE: PAIRS, OTHER: 0, EVEN: 0}
    assert line["p"] == 2 / 2**PAIRS
    assert line["pairs"] == [ONE] * PAIRS
    assert f"| red or blue | red | blue | {PAIRS}, 0, 0 | 100% [" in capsys.readouterr().out
    assert str(vote.parent) not in blind.RESULTS.read_text()


def test_votes_are_counted_pair_by_pair():
    assert blind.unblinded(["left", "right", "even", "left"], [ONE, ONE, OTHER, OTHER]) == [ONE, OTHER, EVEN, OTHER]


def test_a_vote_for_one_place_says_nothing_of_the_sides(vote):
    fill_in(vote, lambda number, _: "left" if number > 1 else "even")
    blind.main(["count", str(vote)])
    (line,) = kept(blind.RESULTS)
    left = Key.read(vote).left[1:]
    assert line["votes"] == {ONE: left.count(ONE), OTHER: left.count(OTHER), EVEN: 1}
    assert line["share"][0] == left.count(ONE) / len(left)


def test_all_even_decides_nothing(vote):
    fill_in(vote, lambda *_: "even")
    blind.main(["count", str(vote)])
    (line,) = kept(blind.RESULTS)
    assert (line["p"], line["share"]) == (1, None)


@pytest.mark.parametrize(("one", "other", "p"), [(0, 0, 1), (1, 0, 1), (3, 3, 1), (5, 0, 1 / 16), (1, 5, 14 / 64)])
def test_the_sign_test_is_the_binomial_in_closed_form(one, other, p):
    assert blind.sign_test(one, other) == blind.sign_test(other, one) == p


def test_the_sign_test_of_a_hundred_votes():
    assert blind.sign_test(60, 40) == pytest.approx(0.0569, abs=1e-4)
    assert blind.sign_test(61, 39) == pytest.approx(0.0352, abs=1e-4)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("12", "no vote yet on 1 pair: 12;"),
        ("", "no vote yet on 1 pair: 12;"),
        ("12 lef", "line 14: '12 lef'"),
        ("12 Left", "line 14: '12 Left'"),
        ("12 left right", "line 14: '12 left right'"),
        ("left", "line 14: 'left'"),
        ("12left", "line 14: '12left'"),
        ("11 right", "pair 11 has a vote already"),
        ("0 left", "there is no pair 0; expected 1 to 22"),
        ("23 even", "there is no pair 23"),
    ],
)
def test_a_vote_that_is_missing_or_malformed_is_refused_in_one_line(vote, line, said, capsys):
    fill_in(vote, for_red)
    path = vote / blind.VOTES
    path.write_text(
        "".join(f"{line}\n" if each.startswith("12 ") else each for each in path.read_text().splitlines(True))
    )
    refused = refusal(capsys, "count", vote)
    assert said in refused
    assert "\n" not in refused
    assert not blind.RESULTS.exists()


def test_votes_that_were_not_begun_are_refused(vote, capsys):
    assert "no vote yet on 22 pairs: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...;" in refusal(capsys, "count", vote)
    (vote / blind.VOTES).unlink()
    assert "votes.txt: cannot be read" in refusal(capsys, "count", vote)


def test_a_decision_is_counted_twice_only_when_asked_to(vote, capsys):
    fill_in(vote, for_red)
    blind.main(["count", str(vote)])
    assert "red or blue: counted before" in refusal(capsys, "count", vote)
    assert len(kept(blind.RESULTS)) == 1
    fill_in(vote, lambda *_: "even")
    blind.main(["count", str(vote), "--again"])
    assert len(kept(blind.RESULTS)) == 2
    capsys.readouterr()
    blind.main(["table"])
    printed = capsys.readouterr().out
    assert printed.count("red or blue") == 1
    assert f"| 0, 0, {PAIRS} |" in printed


def test_a_sheet_that_was_changed_is_not_counted(vote, capsys):
    fill_in(vote, for_red)
    with (vote / "sheet-1.png").open("ab") as sheet:
        sheet.write(b" ")
    assert "sheet-1.png: not the sheet that was made" in refusal(capsys, "count", vote)


@pytest.mark.parametrize("stored", ["", "{}", "[]", '{"one": 1, "other": 2}'])
def test_a_key_that_is_not_whole_is_refused_in_one_line(vote, stored, capsys):
    (vote / blind.KEY).write_text(stored)
    assert "key.json: cannot be read" in refusal(capsys, "count", vote)


def test_what_cannot_be_voted_on_is_refused(made, sets, tmp_path, capsys):
    red, blue = ["--one", sets / "red"], ["--other", sets / "blue"]
    assert "holds a vote already" in refusal(capsys, "make", made, *red, *blue)
    assert "both sources are called 'red'" in refusal(capsys, "make", tmp_path / "new", *red, "--other", sets / "red")
    assert "30 pictures for 31 pairs" in refusal(capsys, "make", tmp_path / "new", *red, *blue, "--pairs", 31)
    assert "--pairs 0" in refusal(capsys, "make", tmp_path / "new", *red, *blue, "--pairs", 0)
    (tmp_path / "file").touch()
    assert "cannot be written" in refusal(capsys, "make", tmp_path / "file", *red, *blue)
    assert not (tmp_path / "new").exists()


def test_measures_of_both_sides_say_which_is_nearer_to_the_real_pictures(vote, sets):
    fill_in(vote, for_red)
    blind.main(["count", str(vote), "--against", str(sets / "red"), "--count", "12"])
    (line,) = kept(blind.RESULTS)
    assert (line["against"], line["count"]) == ("red", 12)
    assert line["measures"].keys() == blind.MEASURES.keys()
    assert {line["measures"][name]["better"] for name in ("KD-lite", "FD-lite", "sliced Wasserstein")} == {ONE}
    assert {line["measures"][name]["better"] for name in ("precision", "recall", "coverage")} <= {ONE, EVEN}


def test_no_picture_stands_on_both_sides_of_a_measure(sets):
    """A set against itself is cut in two; of another set all is used."""
    red, blue = blind.opened(str(sets / "red"), str(sets / "blue"))
    assert (red.most(red.pictures), blue.most(red.pictures)) == (15, 30)
    order = blind.reference_order(30)
    real = red.show(order[:15].tolist())
    assert not {tuple(image[0, 0]) for image in real} & {tuple(image[0, 0]) for image in red.sample(15)}


def test_too_few_pictures_to_measure_are_refused(vote, sets, capsys):
    fill_in(vote, for_red)
    refused = refusal(capsys, "count", vote, "--against", sets / "red", "--count", 5)
    assert "5 pictures to measure: expected 6 or more" in refused
    assert not blind.RESULTS.exists()


def test_a_source_that_gives_other_pictures_by_now_is_not_measured(vote, sets, capsys):
    fill_in(vote, for_red)
    key = json.loads((vote / blind.KEY).read_text())
    key["other"]["which"] = key["other"]["which"][::-1]
    (vote / blind.KEY).write_text(json.dumps(key))
    assert "blue: no longer gives the pictures" in refusal(capsys, "count", vote, "--against", sets / "red")


def test_a_moment_is_told_from_a_path(tmp_path):
    (tmp_path / "a@b").mkdir()
    assert blind.parsed("a@b") == ("a@b", None)
    assert blind.parsed("runs/a@last") == ("runs/a", "last")
    assert (blind.label_of("runs/a@last"), blind.label_of("runs/a/"), blind.label_of("avatars")) == (
        "a@last",
        "a",
        "avatars",
    )
    assert blind.full("a@b") == str(tmp_path / "a@b")
    assert blind.full("avatars") == "avatars"


@pytest.mark.parametrize("name", blind.MEASURES)
def test_every_measure_finds_other_real_pictures_better_than_brighter_ones(name):
    numbers = np.random.default_rng(0)
    real, other, brighter = (
        blind.Sample(images, torch.from_numpy(images).flatten(1).float() / 255)
        for images in (numbers.integers(low, low + 100, (12, 16, 16, 3)).astype(np.uint8) for low in (20, 20, 120))
    )
    measure = blind.MEASURES[name]
    assert measure.better(measure.of(real, other), measure.of(real, brighter)) == ONE
    assert measure.better(measure.of(real, brighter), measure.of(real, other)) == OTHER
    assert measure.better(measure.of(real, other), measure.of(real, other)) == EVEN


def decision(name, one, other, better):
    """A kept line with one measure, which is lower where it is better."""
    values = {ONE: (0.1, 0.2), OTHER: (0.2, 0.1)}[better]
    said = {"KD-lite": {ONE: values[0], OTHER: values[1], "better": better}}
    votes = {ONE: one, OTHER: other, EVEN: 1}
    share = [one / (one + other), 0.25, 0.75]
    line = {"name": name, ONE: "a", OTHER: "b", "votes": votes, "p": blind.sign_test(one, other), "share": share}
    return line | {"measures": said}


def test_the_table_says_how_often_a_measure_sided_with_the_eye(capsys):
    for line in (
        decision("with", 20, 2, ONE),
        decision("with too", 2, 20, OTHER),
        decision("against", 20, 2, OTHER),
        decision("undecided", 11, 9, OTHER),
    ):
        keep(blind.RESULTS, line)
    blind.main(["table"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[2] == "| with | a | b | 20, 2, 1 | 91% [25%, 75%] | 0.00012 | **0.1**, 0.2 |"
    assert printed[4] == "| against | a | b | 20, 2, 1 | 91% [25%, 75%] | 0.00012 | 0.2, **0.1** |"
    assert printed[-1] == "| KD-lite | 2 of 3 |"


def test_a_measure_that_a_decision_lacks_is_not_counted_there(capsys):
    without = decision("without", 20, 2, ONE)
    del without["measures"]
    printed = blind.report([without, decision("with", 20, 2, ONE)]).splitlines()
    assert printed[2].endswith("| 0.00012 |  |")
    assert printed[-1] == "| KD-lite | 1 of 1 |"
    assert "measure" not in blind.report([without])
