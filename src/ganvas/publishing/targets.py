"""Where a model can be published, and the options that each place takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from ganvas.errors import SettingError
from ganvas.publishing import aws, docker, hosting, hub, site
from ganvas.publishing.packaging import Bundle, NoOptions
from ganvas.settings import Settings, first_fault

Options = TypeVar("Options", bound=Settings)


@dataclass(frozen=True)
class Target(Generic[Options]):
    """A place to publish.

    publish: an exported model, the folder to write and the options -> what was written, with the bytes of each part.
    options: the class of its own options; no other target takes them.
    about: what comes of it, for a person who chooses.
    addresses: of the options -> where it is online by then; nowhere, where somebody has to put it there.
    """

    publish: Callable[[Bundle, Path, Options], dict[str, int]]
    options: type[Options]
    about: str
    addresses: Callable[[Options], tuple[str, ...]] = lambda options: ()


TARGETS: dict[str, Target[Any]] = {
    "site": Target(
        site.publish,
        site.SiteOptions,
        "a page that draws in the browser of whoever opens it; any host of files serves it",
    ),
    "lambda": Target(
        aws.publish, aws.LambdaOptions, "a cloud function for AWS Lambda: a zip, and the template that deploys it"
    ),
    "docker": Target(docker.publish, NoOptions, "a container with the page and the HTTP API"),
    "server": Target(hosting.publish, NoOptions, "a folder with a server in it, for any machine that has Python"),
    "hub": Target(
        hub.publish,
        hub.HubOptions,
        "a model and a space with its page on the Hugging Face Hub",
        hub.addresses,
    ),
}


def options_for(name: str, given: Mapping[str, object]) -> Settings:
    """The options of a target.

    Args:
        name: in TARGETS.
        given: those that the user gave, by their names.
    Raises:
        SettingError: there is no such target, an option is another target's, or a value is not one that it can have.
    """
    if name not in TARGETS:
        raise SettingError(f"--to {name}: expected one of {', '.join(TARGETS)}")
    own = TARGETS[name].options.model_fields
    for option in given:
        if option not in own:
            owners = [f"--to {other}" for other, each in TARGETS.items() if option in each.options.model_fields]
            takes = ", ".join(f"--{each}" for each in own) or "no options of its own"
            where = " or ".join(owners) or "no target"
            raise SettingError(f"--{option} goes with {where}, not {name}, which takes {takes}")
    try:
        return TARGETS[name].options.model_validate(given)
    except ValidationError as error:
        first = first_fault(error)
        message = first.message[:1].lower() + first.message[1:]
        raise SettingError(f"--{first.where} {first.found}: {message}") from error
