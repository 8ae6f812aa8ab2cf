"""The page behind hosts that cache, lose files, answer everything with a page, or leave out the last slash."""

import re
import shutil

import numpy as np
import pytest
from pages import as_rgba, hosted, shown, written

from exported_models import publish_model, small_model
from ganvas.files import replace_text
from ganvas.formats.manifest import read_description
from ganvas.publishing.site import MODULES, ONE_FILE

SOON_MS = 10_000
CACHED = {"Cache-Control": "max-age=3600"}
OF_THE_MODEL = ["model.json", "model.onnx.gz", "vendor/ort.js", "vendor/ort.wasm.gz"]


@pytest.fixture(scope="module")
def first(published, tmp_path_factory):
    return written(published, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another model under other words, and what it draws."""
    made = publish_model(tmp_path_factory.mktemp("other") / "model", small_model(images=7, multiplier=0.3))
    description = read_description(made.folder)
    renamed = description.published.model_copy(update={"title": "Another thing"})
    replace_text(made.folder / "model.json", description.model_copy(update={"published": renamed}).to_json())
    return made


def republished(first, other, folder):
    """Both models in turn in one folder, which is first that of the first."""
    shutil.copytree(first, folder, dirs_exist_ok=True)
    return lambda: written(other, folder)


def drawn(page):
    page.locator("#grid button").nth(0).wait_for()
    return page.get_by_role("heading", level=1).inner_text(), shown(page)


def test_a_page_published_again_is_all_new_or_all_old_where_a_host_lets_it_be_cached(
    browser,
    first,
    other,
    published,
    tmp_path,
):
    publish_again = republished(first, other, tmp_path / "site")
    golden = {"This thing does not exist": published.golden, "Another thing": other.golden}
    context = browser.new_context(service_workers="block")
    with hosted(tmp_path / "site", CACHED) as address:
        page = context.new_page()
        page.goto(f"{address}#seed=3")
        assert drawn(page)[0] == "This thing does not exist"
        publish_again()
        for again in (
            lambda: page.goto(f"{address}?other#seed=3"),
            lambda: page.goto(f"{address}#seed=3"),
            page.reload,
        ):
            again()
            title, picture = drawn(page)
            seed = int(re.search(r"seed=(\d+)", page.url)[1])
            if seed < len(golden[title]):
                assert np.abs(picture - as_rgba(golden[title][seed])).max() <= 1
    context.close()


@pytest.mark.parametrize("stale", ["model.json", "model.onnx.gz", "both"])
def test_the_words_of_one_model_are_never_shown_over_another(stale, browser, first, other, tmp_path):
    """A page of one version beside files of another, as a host between the two may mix them."""
    new = written(other, tmp_path / "new")
    for name in ("model.json", "model.onnx.gz") if stale == "both" else (stale,):
        shutil.copyfile(first / name, new / name)
    with hosted(new) as address:
        page = browser.new_page()
        page.goto(address)
        page.locator("#status", has_text="of another version than this page. Reload").wait_for(timeout=SOON_MS)
        assert page.locator("#grid button").count() == 0
        page.close()


EVERY_LOSS = [(missing, host) for missing in (*MODULES, *OF_THE_MODEL) for host in ("plain", "page for anything")]
FEW_LOSSES = {("latents.js", "plain"), ("app.js", "page for anything"), ("model.onnx.gz", "plain")}


@pytest.mark.parametrize(
    ("missing", "host"),
    [pytest.param(*loss, marks=[] if loss in FEW_LOSSES else [pytest.mark.slow]) for loss in EVERY_LOSS],
)
def test_a_missing_file_is_named_in_one_sentence(missing, host, browser, first, tmp_path):
    shutil.copytree(first, tmp_path / "site")
    (tmp_path / "site" / missing).unlink()
    with hosted(tmp_path / "site", not_found="index.html" if host == "page for anything" else None) as address:
        page = browser.new_page()
        page.goto(address)
        said = page.locator("#status", has_text=re.compile(rf"{re.escape(missing)} is missing on this server"))
        said.wait_for(timeout=SOON_MS)
        page.close()


def test_without_the_last_slash_it_loads(browser, first, published, tmp_path):
    shutil.copytree(first, tmp_path / "root" / "things")
    with hosted(tmp_path / "root", no_slash="things") as address:
        page = browser.new_page()
        page.goto(f"{address}things#seed=3")
        page.locator("#grid button").nth(0).wait_for()
        assert page.url.endswith("/things/#seed=3")
        assert np.abs(shown(page) - as_rgba(published.golden[3])).max() <= 1
        page.close()


def test_no_file_is_fetched_twice(browser, first):
    asked = []
    with hosted(first) as address:
        context = browser.new_context(service_workers="block")
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url.partition("?")[0]))
        page.goto(address)
        page.locator("#grid button").nth(0).wait_for()
        context.close()
    shared = f"{address}drawing.js"  # a thread loads its modules anew, from the browser's cache: two kilobytes
    fetched = [url for url in asked if url.startswith("http") and url != shared]
    assert len(fetched) == len(set(fetched))
    assert asked.count(shared) <= 2


def test_every_file_that_the_page_asks_for_is_asked_for_by_its_version(browser, first):
    asked = []
    with hosted(first) as address:
        context = browser.new_context(service_workers="block")
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
        page.goto(address)
        page.locator("#grid button").nth(0).wait_for()
        context.close()
    named = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    files = [url for url in asked if url.partition("?")[0] in named]
    assert {url.partition("?")[0] for url in files} == named - {"index.html", "worker.js", ONE_FILE}
    assert [url for url in files if not re.search(r"\?[0-9a-f]{12}$", url)] == []


SEEDS_THAT_ARE_NONE = ["-1", *(pytest.param(given, marks=pytest.mark.slow) for given in ("abc", "1.5", "9" * 23, ""))]


@pytest.mark.parametrize("given", SEEDS_THAT_ARE_NONE)
def test_a_link_with_a_seed_that_is_none_says_so(given, browser, first):
    with hosted(first) as address:
        page = browser.new_page()
        page.goto(f"{address}#seed={given}")
        page.locator("#status", has_text="is no whole number").wait_for()
        page.get_by_role("button", name="Another one").click()
        page.locator("#status", has_text=re.compile(r"^Seed \d+$")).wait_for()
        page.close()
