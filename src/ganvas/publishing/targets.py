"""Where a model can be published, and what each place is given."""

from collections.abc import Callable

from ganvas.publishing import aws, docker, hosting, hub, site
from ganvas.publishing.packaging import Order

Target = Callable[[Order], dict[str, int]]
"""Writes what was ordered; what it contains, with the bytes of each part."""

TARGETS: dict[str, Target] = {
    "site": site.publish,
    "lambda": aws.publish,
    "docker": docker.publish,
    "server": hosting.publish,
    "hub": hub.publish,
}
