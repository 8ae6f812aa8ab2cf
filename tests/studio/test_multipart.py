"""Forms of files, as browsers send them, in pieces of any length."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganvas.studio.problems import Problem
from ganvas.studio.sets.multipart import Parts, boundary_of

BOUNDARY = b"----WebKitFormBoundaryx7"


def form(files, boundary=BOUNDARY):
    """What a browser sends of (header of the part, bytes)."""
    parts = [b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary, head.encode(), data) for head, data in files]
    return b"".join(parts) + b"--%b--\r\n" % boundary


def disposition(name, file=None):
    return f'Content-Disposition: form-data; name="{name}"' + ("" if file is None else f'; filename="{file}"')


def read(body, size, boundary=BOUNDARY, take=lambda number: True):
    """The parts of a body that comes in pieces of that size; only those that are taken."""

    async def pieces():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    async def found():
        parts, taken = Parts(pieces(), boundary), []
        number = 0
        async for name in parts:
            if take(number):
                taken.append((name, b"".join([piece async for piece in parts.pieces()])))
            number += 1
        return taken

    return asyncio.run(found())


CONTENTS = st.lists(st.binary(max_size=300) | st.just(b"\r\n--" + BOUNDARY[:-1]) | st.just(b"\r\n\r\n"), max_size=5)


@given(CONTENTS, st.integers(1, 400))
def test_parts_come_as_they_were_sent_whatever_the_pieces(contents, size):
    files = [(disposition(f"{number}.png", "x"), data) for number, data in enumerate(contents)]
    assert read(form(files), size) == [(f"{number}.png", data) for number, data in enumerate(contents)]


@given(CONTENTS, st.integers(1, 400))
def test_parts_that_nobody_takes_are_passed_over(contents, size):
    files = [(disposition(f"{number}.png", "x"), data) for number, data in enumerate(contents)]
    expected = [(f"{number}.png", data) for number, data in enumerate(contents) if number % 2]
    assert read(form(files), size, take=lambda number: number % 2) == expected


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (disposition("files", "a/b.png"), "a/b.png"),
        (disposition("file", "b.png"), "b.png"),
        (disposition("a/b.png", "b.png"), "a/b.png"),
        (disposition("", "b.png"), "b.png"),
        (disposition("file", "%22Bär%22.png") + "\r\nContent-Type: image/png", '"Bär".png'),
        ("content-type: image/png\r\n" + disposition("x.png"), "x.png"),
        ("X-Other: 1", ""),
    ],
)
def test_a_part_is_called_as_its_field_or_its_file(head, name):
    assert read(form([(head, b"1")]), 7) == [(name, b"1")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        form([(disposition("a"), b"1")])[:-30],
        form([(disposition("a"), b"1" * 900)])[:500],
        b"--" + BOUNDARY + b"\r\n" + b"x" * 9000,
        b"no form at all" * 100,
        form([(disposition("a"), b"1")], b"another"),
    ],
)
@pytest.mark.parametrize("size", [1, 64, 100_000])
def test_a_body_that_is_cut_off_or_no_form_is_refused(body, size):
    with pytest.raises(Problem, match="ended too soon, or is no form"):
        read(body, size)


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("image/png", None),
        ("", None),
        ("multipart/mixed; boundary=abc", None),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=" + "x" * 71, None),
    ],
)
def test_the_boundary_is_read_from_the_type(header, boundary):
    assert boundary_of(header) == boundary
