"""Publishing a run: each target with what it needs, the work in the background, and what came of it."""

import importlib.util
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field

from ganvas.errors import ModelError
from ganvas.files import cache_folder, read_json, replace_text
from ganvas.formats.manifest import Publication, exported_folder, read_description
from ganvas.publishing.packaging import files_in
from ganvas.publishing.targets import TARGETS, options_for
from ganvas.publishing.web_runtime import VERSION
from ganvas.settings import Settings
from ganvas.studio.answers import FRESH, file_answer
from ganvas.studio.home import Home, entries, inside
from ganvas.studio.jobs.jobs import Jobs
from ganvas.studio.problems import Problem
from ganvas.studio.results.scoring import card_of
from ganvas.studio.results.sites import site_policy
from ganvas.studio.runs.moments import Moment, moment_of
from ganvas.studio.settings_of import described

NOTES = "published"  # of HOME/studio: what was said when each was made
SITES = {"site": "", "hub": "space/"}  # target -> where its page lies
Told = Callable[[str, int, int | None], None]
ZIP_BYTES = 1 << 20
_REPOSITORY = "repository"  # the option of the Hub that has it pushed


def publish_run(request: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Publish a run.

    Args:
        request: home, run, name, and what `Published` has.
    Returns:
        parts and their bytes, addresses, licence, copying, copy_word, findings.
    Raises:
        GanvasError: the model cannot be read, an option is wrong, or the model copies its pictures.
    """
    from ganvas.config import checked
    from ganvas.workflows.publish import PublishOptions, Wording, publish_model

    home = Path(request["home"])
    wording = checked(Wording, {name: request[name] for name in ("title", "about", "licence")})
    options = PublishOptions(
        home / "runs" / request["run"],
        home / "published" / request["name"],
        request["target"],
        wording,
        of_target=request["options"],
        at=request["at"],
        scored=request["scored"],
        even_copies=request["even_copies"],
    )
    result = publish_model(options, told=told)
    return {"parts": dict(result.parts), "addresses": list(result.addresses), **words_of(result.publication)}


def words_of(publication: Publication | None) -> dict[str, Any]:
    """What an export says of itself; of one that is not there, nothing."""
    if publication is None:
        return {"title": "", "about": "", "licence": "", "copying": None, "copy_word": None, "findings": []}
    return {
        "title": publication.title,
        "about": publication.about,
        "licence": publication.licence,
        "copying": publication.copying,
        "copy_word": copy_word(publication.findings),
        "findings": list(publication.findings),
    }


def copy_word(findings: Sequence[str]) -> str | None:
    """What the copy test found, of a score card's sentences; None where it was not made."""
    return next((line for line in findings if "copying" in line.lower()), None)


def targets() -> list[dict[str, Any]]:
    """Every target: name, about, needs ({what, there, how}), options as those of recipes."""
    return [
        {
            "name": name,
            "about": target.about,
            "needs": [need for need in (_exporting(), *_needs(name)) if need],
            "options": described(target.options),
            "opens": name in SITES,
        }
        for name, target in TARGETS.items()
    ]


def _exporting() -> dict[str, Any]:
    packages = ("onnx", "onnxscript", "onnxruntime")
    return _need("the packages that export models", _has(*packages), "pip install 'ganvas[export]'")


def _needs(target: str) -> Iterator[dict[str, Any]]:
    runtime = (cache_folder() / "downloads" / f"onnxruntime-web-{VERSION}.tgz").exists()
    yield _need("onnxruntime-web, fetched once (33 MB)", runtime, "a network, the first time")
    if target == "lambda":
        yield _need("pip, and packages that it fetches", _has("pip"), "python -m ensurepip")
    if target == "docker":
        yield _need("Docker, to run what is written", shutil.which("docker") is not None, "https://docs.docker.com")
    if target == "hub":
        has_token = bool(os.environ.get("HF_TOKEN")) or _token_path().exists()
        yield _need("huggingface_hub, to push", _has("huggingface_hub"), "pip install 'ganvas[hub]'")
        yield _need("your token of the Hub, to push", has_token, "hf auth login")


def _token_path() -> Path:
    """Where the library of the Hub keeps a token; whether the file is there is all that is asked of it."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(os.environ.get("HF_TOKEN_PATH") or Path(home) / "token").expanduser()


def _need(what: str, there: bool, how: str) -> dict[str, Any]:
    return {"what": what, "there": there, "how": how}


def _has(*packages: str) -> bool:
    return all(importlib.util.find_spec(package) is not None for package in packages)


class Published(Settings):
    """target: in TARGETS. at: images shown, "best" or "last". options: of the target. even_copies: publish even a model
    that copies its training pictures."""

    target: str
    at: Moment = "best"
    title: Annotated[str, Field(max_length=10_000)] = ""
    about: Annotated[str, Field(max_length=10_000)] = ""
    licence: Annotated[str, Field(max_length=10_000)] = ""
    options: dict[str, Any] = Field(default={})
    scored: bool = True
    even_copies: bool = False


class Publications:
    """What was published of the runs of a home folder."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def all(self) -> list[dict[str, Any]]:
        """Those that are there, the newest first."""
        found = list[dict[str, Any]]()
        for name in entries(self._home.published):
            with suppress(Problem, FileNotFoundError):  # it was removed meanwhile
                found.append(self.one(name))
        return sorted(found, key=lambda one: one["changed"], reverse=True)

    def one(self, name: str) -> dict[str, Any]:
        """One: name, run, target, folder, addresses, files, bytes, changed, open, zip, and what the model says of
        itself. Raises Problem where there is none."""
        folder = self._home.publication(name)
        run, _, target = name.rpartition("-")
        said = None
        with suppress(OSError, ValueError):
            said = read_json(self._home.studio / NOTES / f"{name}.json")
        files = dict[str, int]()
        for path in _own_files(folder):
            with suppress(FileNotFoundError):
                files[path.relative_to(folder).as_posix()] = path.stat().st_size
        page = SITES.get(target)
        opens = page is not None and (folder / page / "index.html").exists()
        return {
            **words_of(None),
            "addresses": [],
            **(said if isinstance(said, dict) else {}),
            "name": name,
            "run": run,
            "target": target,
            "folder": str(folder),
            "files": [{"file": file, "bytes": size} for file, size in files.items()],
            "bytes": sum(files.values()),
            "changed": folder.stat().st_mtime,
            "open": f"published/{quote(name)}/{page}" if opens else None,
            "zip": f"api/published/{quote(name)}.zip",
        }

    def keep(self, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was said when it was made; it."""
        os.utime(self._home.publication(name))
        replace_text(self._home.studio / NOTES / f"{name}.json", json.dumps(said) + "\n")
        return self.one(name)

    def remove(self, name: str) -> None:
        """Remove its folder, or a link to it and not what it leads to. Raises Problem where there is none."""
        folder = self._home.publication(name)
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)
        (self._home.studio / NOTES / f"{name}.json").unlink(missing_ok=True)


def routes(
    home: Home, jobs: Jobs, changed: Callable[[str], None] = lambda run: None, *, pushes: bool = True
) -> APIRouter:
    """Of publications.

    Args:
        changed: is told of a run of which there is another publication now.
        pushes: whether to push to the Hub, as the user of this machine; False where everyone is let in.
    """
    router, publications = APIRouter(), Publications(home)

    @router.get("/api/targets")
    def all_targets() -> list[dict[str, Any]]:
        return targets()

    @router.get("/api/runs/{name}/publishing")
    def before(name: str) -> dict[str, Any]:
        run = home.run(name)
        publication = None
        with suppress(ModelError):
            publication = read_description(exported_folder(run)).published if exported_folder(run) != run else None
        made = [each for each in publications.all() if each["run"] == name]
        preview = run / "model" / "preview.png"
        url = None
        with suppress(OSError):  # a run has none before its first measure
            url = f"api/runs/{quote(name)}/files/model/preview.png?v={preview.stat().st_mtime_ns}"
        words = words_of(publication)
        if words["copy_word"] is None and (card := card_of(run, None)) is not None:
            words["copy_word"] = copy_word(card.get("findings", []))
        return {**words, "preview": url, "published": made}

    @router.post("/api/runs/{name}/publish")
    def publish(name: str, body: Published) -> dict[str, Any]:
        run, made = home.run(name), f"{name}-{body.target}"
        if body.target not in TARGETS:
            raise Problem(422, f"target {body.target[:40]!r}: expected one of {', '.join(TARGETS)}", "target")
        options_for(body.target, body.options)  # raises SettingError where one is wrong
        if not pushes and body.options.get(_REPOSITORY):
            raise Problem(403, "nothing is pushed where everyone is let in; name no repository", _REPOSITORY)
        at = moment_of(run, body.at)
        request = body.model_dump(mode="json") | {"home": str(home.root), "run": name, "name": made, "at": at}

        def then(result: dict[str, Any]) -> dict[str, Any]:
            kept = publications.keep(made, {**result, "at": at})
            changed(name)
            return kept

        return jobs.begin("publish", name, request, then)

    @router.get("/api/published")
    def all_published() -> list[dict[str, Any]]:
        return publications.all()

    @router.get("/api/published/{name}.zip")
    def zipped(name: str) -> StreamingResponse:
        folder = home.publication(name)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.zip"}
        return StreamingResponse(zip_of(folder, name), media_type="application/zip", headers=headers)

    @router.delete("/api/published/{name}", status_code=204)
    def removed(name: str) -> None:
        publications.remove(name)
        changed(name.rpartition("-")[0])

    @router.get("/published/{name}")
    def without_slash(name: str) -> RedirectResponse:
        return RedirectResponse(f"{quote(name)}/")

    @router.get("/published/{name}/{file:path}")
    def part(name: str, file: str, request: Request) -> Response:
        folder = home.publication(name)
        place = file + "index.html" if not file or file.endswith("/") else file
        policy = site_policy(request, f"published/{quote(name)}/")
        return file_answer(inside(folder, place), None, {**FRESH, **policy})

    return router


def _own_files(folder: Path) -> list[Path]:
    """The files of a folder, without links that lead out of it."""
    own = folder.resolve()
    return [path for path in files_in(folder) if path.resolve().is_relative_to(own)]


def zip_of(folder: Path, name: str) -> Iterator[bytes]:
    """A zip of a folder, called `name` inside, in pieces as it is made; its files are packed already."""
    pipe = _Pieces()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for path in _own_files(folder):
            entry = zipfile.ZipInfo(f"{name}/{path.relative_to(folder).as_posix()}", time.localtime()[:6])
            entry.external_attr = 0o644 << 16
            with path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as member:
                while piece := file.read(ZIP_BYTES):
                    member.write(piece)
                    yield pipe.taken()
    yield pipe.taken()


class _Pieces(RawIOBase):
    """What is written, until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._held += piece
        return len(piece)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held
