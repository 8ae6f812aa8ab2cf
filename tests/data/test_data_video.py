"""Videos as sources: frames at even times, near-duplicates left out."""

import av
import numpy as np
import pytest

from ganvas.errors import PicturesError


def filmed(path, seed=0):
    """Twelve seconds at 5 frames a second; every second shows another picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.bit_rate = 4_000_000  # so that frames of one second are alike
        for second in range(12):
            picture = np.random.default_rng((seed, second)).integers(0, 256, (6, 8, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.kron(picture, np.ones((8, 8, 1), np.uint8))))
            for _ in range(5):
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def film(tmp_path):
    return filmed(tmp_path / "film.mp4")


def test_a_video_is_a_source_of_one_frame_a_second(film, load):
    pictures = load(film)
    assert len(pictures.images) == 12


def test_frames_that_are_nearly_the_same_are_left_out(film, load):
    assert len(load(film, every=0.2).images) == 12


def test_fewer_frames_are_taken_where_that_is_asked(film, load):
    with pytest.raises(PicturesError, match="6 pictures can be used"):
        load(film, every=2)


def test_a_file_that_is_no_video_is_said_with_its_name(tmp_path, load):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(PicturesError, match=r"film\.mp4: cannot be read as a video"):
        load(path)
    assert not list((tmp_path / "cache").rglob("*.jpg"))


def test_a_folder_of_videos_is_a_source_of_all_of_them(load, tmp_path):
    (tmp_path / "films").mkdir()
    for seed, name in enumerate(("one.mp4", "two.mp4")):
        filmed(tmp_path / "films" / name, seed)
    pictures = load(tmp_path / "films", conditional=True)
    assert pictures.classes == ("one.mp4", "two.mp4")
    assert np.bincount(pictures.labels).tolist() == [12, 12]


def test_a_video_among_pictures_is_left_alone(folder, load):
    filmed(folder / "film.mp4")
    assert len(load(folder).images) == 10
