"""Paths that dropped files get: below the set, on every system."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.data.listing import printable
from ganvas.studio.sets.cleaning import LONGEST_PART, LeftOut, clean_path


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1.jpg", "1.jpg"),
        ("cats/1.jpg", "cats/1.jpg"),
        ("./cats//1.jpg", "cats/1.jpg"),
        ("cats\\1.jpg", "cats/1.jpg"),
        ("Bärchen/Zoë.PNG", "Bärchen/Zoë.PNG"),
        ("猫/一.png", "猫/一.png"),
        ("a:b?.png", "a_b_.png"),
        ('"quoted".png', "_quoted_.png"),
        ("con/aux.jpg", "_con/_aux.jpg"),
        ("name. /x .png", "name/x .png"),
        ("a\nb.png", "a_b.png"),
    ],
)
def test_a_path_becomes_one_that_every_system_can_have(sent, kept):
    assert clean_path(sent) == kept


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("../1.jpg", "leads out"),
        ("cats/../../1.jpg", "leads out"),
        ("..\\1.jpg", "leads out"),
        ("/etc/passwd", "leads out"),
        ("C:\\pictures\\1.jpg", "leads out"),
        ("\\\\server\\share\\1.jpg", "leads out"),
        (".hidden.jpg", "hidden"),
        ("__MACOSX/1.jpg", "hidden"),
        (".git/1.jpg", "hidden"),
        ("", "hidden"),
        ("/".join("abcdefghij") + "/1.jpg", "folders inside each other"),
    ],
)
def test_a_path_that_leads_elsewhere_or_is_hidden_is_left_out(sent, why):
    with pytest.raises(LeftOut, match=why):
        clean_path(sent)


@given(st.text(max_size=400))
def test_whatever_is_sent_the_path_stays_below_the_set(text):
    try:
        kept = clean_path(text)
    except LeftOut:
        return
    parts = kept.split("/")
    assert PurePosixPath(kept).parts == tuple(parts)
    assert all(part not in ("", ".", "..") and len(part.encode()) <= LONGEST_PART + 1 for part in parts)
    assert not any(re.search(r'[\x00-\x1f<>:"|?*\\]', part) or part[-1] in " ." for part in parts)
    assert printable(kept) == kept
    assert clean_path(kept) == kept


def test_a_long_name_keeps_its_ending():
    kept = clean_path(f"{'ä' * 300}.jpeg")
    assert kept.endswith(".jpeg")
    assert len(kept.encode()) <= LONGEST_PART
