import base64
import io
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from ganvas.errors import SettingError
from ganvas.formats.images import save_png
from ganvas.report.comparison import MOST_COLUMNS, write_comparison


def source_of(path):
    return path.read_text(encoding="utf-8")


def data_of(path):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', source_of(path), re.S)[1])


def tables_of(path):
    rows = re.findall(r"<tr>(.*?)</tr>", source_of(path))
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.fixture
def page(run, other_run, tmp_path):
    return write_comparison([run, other_run], tmp_path / "out" / "compare.html")


def test_each_run_brings_its_moments_as_pictures_inside_the_file(page):
    first, second = data_of(page)["runs"]
    assert [one["images"] for one in first["moments"]] == [0, 512, 1024, 2048]
    assert [one["images"] for one in second["moments"]] == [0, 4096]
    embedded = first["moments"][0]["src"].partition("base64,")[2]
    with Image.open(io.BytesIO(base64.b64decode(embedded))) as picture:
        assert picture.size == (76, 76)


def test_the_slider_stops_at_every_moment_of_any_run(page):
    assert data_of(page)["stops"] == [0, 512, 1024, 2048, 4096]


def test_the_file_needs_no_other_file_and_no_network(page):
    source = source_of(page)
    assert set(re.findall(r"https?://[^\"'\s]+", source)) == {"http://www.w3.org/2000/svg"}
    assert all(one.startswith("data:image/webp") for one in re.findall(r'<img[^>]* src="([^"]*)"', source))


def test_only_settings_that_differ_are_listed(page):
    rows = {row[0]: row[1:] for row in tables_of(page)}
    assert rows["recipe"] == ["swift", "classic"]
    assert "network.architecture" not in rows


def test_runs_with_equal_settings_say_so(run, tmp_path):
    shutil.copytree(run, tmp_path / "elsewhere" / "first")
    out = write_comparison([run, tmp_path / "elsewhere" / "first"], tmp_path / "compare.html")
    assert "They do not differ" in source_of(out)
    assert "elsewhere/first" in source_of(out)


def test_each_number_is_one_chart_with_a_line_a_run(page):
    charts = {chart["title"]: chart["series"] for chart in data_of(page)["charts"]}
    assert list(charts) == ["Discriminator loss", "Generator loss", "Real score"]
    assert [(one["name"], one["slot"], one["raw"]) for one in charts["Real score"]] == [
        ("first", 0, None),
        ("second", 1, None),
    ]


def test_the_summary_has_images_time_speed_and_last_losses(page):
    (row,) = [row for row in tables_of(page) if row[0] == "first"]
    assert row[1:5] == ["swift", "2,048", "16 s", "128"]
    assert row[6] == "1"


def test_pictures_are_bounded_in_number_and_size(run, other_run, tmp_path):
    picture = np.zeros((1200, 1200, 3), np.uint8)
    for k in range(30):
        save_png(run / "samples" / f"{10_000 + k:09d}.png", picture)
    out = write_comparison([run, other_run], tmp_path / "compare.html")
    moments = data_of(out)["runs"][0]["moments"]
    assert len(moments) == MOST_COLUMNS
    with Image.open(io.BytesIO(base64.b64decode(moments[-2]["src"].partition("base64,")[2]))) as embedded:
        assert max(embedded.size) <= 560


def test_a_run_without_pictures_or_log_is_still_compared(run, other_run, tmp_path):
    shutil.rmtree(other_run / "samples")
    (other_run / "log.jsonl").unlink()
    out = write_comparison([run, other_run], tmp_path / "compare.html")
    assert "No pictures yet" in source_of(out)


def test_hostile_names_stay_text(run, tmp_path):
    renamed = run.with_name("<img src=x onerror=alert(1)>")
    shutil.copytree(run, renamed)
    assert "<img src=x" not in source_of(write_comparison([run, renamed], tmp_path / "compare.html"))


def test_one_run_is_not_a_comparison(run, tmp_path):
    with pytest.raises(SettingError, match="two runs"):
        write_comparison([run], tmp_path / "compare.html")


def test_a_missing_run_is_named(run, tmp_path):
    with pytest.raises(SettingError, match="nowhere"):
        write_comparison([run, tmp_path / "nowhere"], tmp_path / "compare.html")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingError, match="empty"):
        write_comparison([run, tmp_path / "empty"], tmp_path / "compare.html")
    assert not (tmp_path / "compare.html").exists()
