"""An exported model -> a repository on the Hugging Face Hub and a space with its page; and the way back.

The library that owns the Hub does the talking; it takes the token from HF_TOKEN or from where `hf auth login` left it,
and the address from HF_ENDPOINT. Nothing here reads, prints or writes a token.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ganvas.errors import SettingError, missing_package
from ganvas.files import replace_bytes
from ganvas.formats.front_matter import front_matter
from ganvas.formats.manifest import CARD_FILE, read_description
from ganvas.publishing.packaging import MODEL_FILES, Bundle, copy_files, files_in, size_of
from ganvas.publishing.site import page_files
from ganvas.settings import HUB_PREFIX, Settings

ADDRESS = "https://huggingface.co"


def _is_repository(name: str) -> str:
    if name and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise PydanticCustomError("repository", "expected OWNER/NAME, as in ada/cats")
    return name


class HubOptions(Settings):
    """Options of --to hub."""

    repository: Annotated[str, AfterValidator(_is_repository)] = Field(
        default="", description="push to this owner/name; only written unless given"
    )


def publish(bundle: Bundle, out: Path, options: HubOptions) -> dict[str, int]:
    """Write `model` and `space`, and push both if a repository is named; their files and the bytes of each.

    Raises:
        SettingError: the Hub cannot be reached or refuses, or its library is not installed.
        GanvasError: the model cannot be read, or onnxruntime-web cannot be fetched.
        OSError: the folder cannot be written.
    """
    described = read_description(bundle.folder)
    assert described.published is not None
    model, space = out / "model", out / "space"
    copy_files(bundle.folder, model, MODEL_FILES)
    card = _space_card(described.published.title, options.repository)
    pages = page_files(bundle.folder, bundle.downloads) | {CARD_FILE: card}
    for name, stored in pages.items():
        replace_bytes(space / name, stored)
    if options.repository:
        push(options.repository, model, space, tuple(pages))
    return {path.relative_to(out).as_posix(): size_of(path) for each in (model, space) for path in files_in(each)}


def addresses(options: HubOptions) -> tuple[str, ...]:
    """Where the model and its page are after a push: of the repository and of the space; none without a repository."""
    if not options.repository:
        return ()
    hub = os.environ.get("HF_ENDPOINT", ADDRESS).rstrip("/")
    return f"{hub}/{options.repository}", f"{hub}/spaces/{options.repository}"


def push(repository: str, model: Path, space: Path, pages: tuple[str, ...]) -> None:
    """Make both repositories where they are not there yet, and upload.

    Args:
        pages: names of the space's files; nothing else that lies there is pushed.

    Raises:
        SettingError: the Hub cannot be reached or refuses, or its library is not installed.
    """
    hub = _library("Pushing to the Hub")
    api = hub.HfApi()
    with _as_setting_error(hub, repository):
        api.create_repo(repository, exist_ok=True)
        said = "A generator made by Ganvas"
        api.upload_folder(repo_id=repository, folder_path=model, commit_message=said, allow_patterns=list(MODEL_FILES))
        api.create_repo(repository, repo_type="space", space_sdk="static", exist_ok=True)
        said = "The generator's page"
        space_at = {"repo_id": repository, "repo_type": "space", "folder_path": space}
        api.upload_folder(**space_at, commit_message=said, allow_patterns=list(pages))


def pull(name: str) -> Path:
    """The model folder of `hf:owner/model` or `hf:owner/model@revision`, fetched once.

    Raises:
        SettingError: the Hub cannot be reached or has no such model, or its library is not installed.
    """
    repository, _, revision = name.removeprefix(HUB_PREFIX).partition("@")
    hub = _library("Models of the Hub")
    with _as_setting_error(hub, repository):
        return Path(hub.snapshot_download(repository, revision=revision or None, allow_patterns=list(MODEL_FILES)))


def has_model(name: str) -> bool:
    """Whether the Hub has a model of the name `hf:owner/name`; raises as `pull`."""
    repository = name.removeprefix(HUB_PREFIX).partition("@")[0]
    hub = _library("Models of the Hub")
    with _as_setting_error(hub, repository):
        return bool(hub.HfApi().repo_exists(repository, repo_type="model"))


def _space_card(title: str, repository: str) -> bytes:
    values: dict[str, str | list[str]] = {"title": title, "sdk": "static", "app_file": "index.html"}
    models: dict[str, str | list[str]] = {"models": [repository]} if repository else {}
    return f"{front_matter(values | models)}\nThe page of a generator made by Ganvas.\n".encode()


def _library(purpose: str) -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise missing_package("huggingface_hub", "hub", purpose) from error
    return huggingface_hub


@contextmanager
def _as_setting_error(hub: Any, repository: str) -> Iterator[None]:
    """What the Hub or the network says, in one line."""
    name = HUB_PREFIX + repository
    try:
        yield
    except hub.errors.RepositoryNotFoundError as error:
        raise SettingError(f"{name}: there is no such repository, or it is not yours to see") from error
    except hub.errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "nothing")
        login = "; log in with `hf auth login`, or set HF_TOKEN" if status in (401, 403) else ""
        raise SettingError(f"{name}: the Hub answered {status}{login}") from error
    except Exception as error:
        raise SettingError(f"{name}: {' '.join(str(error).split())}") from error
