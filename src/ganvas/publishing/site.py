"""An exported model -> a folder that any host of files serves, and the same page as one file that opens by itself.

The model and onnxruntime-web are packed with gzip and unpacked by the page, so that a host needs no settings for it.
"""

import base64
import gzip
import hashlib
import html
import json
import re
import zlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from pydantic import Field

from ganvas.files import replace_bytes
from ganvas.formats.manifest import DESCRIPTION_FILE, ONNX_FILE, Description, read_description, read_onnx
from ganvas.formats.policy import source_hash
from ganvas.publishing.packaging import Bundle
from ganvas.publishing.web_runtime import web_runtime
from ganvas.settings import Settings

ONE_FILE = "page.html"
MODULES = (  # each needs those before it
    *("latents.js", "paths.js", "assets.js", "link.js", "photo.js", "drawing.js", "generator.js"),
    *("memory.js", "view.js", "controls.js", "wander.js", "photos.js", "stars.js"),
    *("motion.js", "presets.js", "record.js", "timeline.js", "targets.js", "keyframes.js"),
    *("stage.js", "perform.js", "panel.js"),
    *("bindings.js", "sound.js", "inputs.js", "messages.js", "control.js", "app.js"),
)
THREAD = "drawing.js", "thread.js"  # what draws beside the page, likewise
_MODEL = f"{ONNX_FILE}.gz"
_VENDOR = {
    "wasm": ("vendor/ort.js", "vendor/ort.wasm.gz"),
    "webgpu": ("vendor/ort.webgpu.js", "vendor/ort.webgpu.wasm.gz"),
}
_FROM_DISK = 'import.meta.url>"file:"&&import.meta.url<"file;"'

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "media-src": "blob:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


class SiteOptions(Settings):
    """Options of --to site."""

    webgpu: bool = Field(default=False, description="draw on WebGPU where a browser has it")
    perform: bool = Field(default=False, description="the page opens with its picture alone, which plays")


def publish(bundle: Bundle, out: Path, options: SiteOptions) -> dict[str, int]:
    """Write the site of an exported model; its files and their bytes.

    Raises:
        GanvasError: the model cannot be read, or onnxruntime-web cannot be fetched.
        OSError: the folder cannot be written.
    """
    made = page_files(bundle.folder, bundle.downloads, webgpu=options.webgpu, perform=options.perform)
    made[ONE_FILE] = one_file(read_description(bundle.folder), made, perform=options.perform).encode()
    for name, stored in made.items():
        replace_bytes(out / name, stored)
    return {name: len(stored) for name, stored in made.items()}


def page_files(
    folder: Path, downloads: Path, *, webgpu: bool = False, perform: bool = False, most_bytes: int | None = None
) -> dict[str, bytes]:
    """Name -> bytes of the page's folder; what an owner may edit is as it is in the package. Raises as `publish`.

    Args:
        downloads: where onnxruntime-web is kept.
        webgpu: the page also brings what draws on WebGPU, and uses it where a browser has it.
        perform: the page opens with its picture alone, which plays.
        most_bytes: of a file; larger ones are split into NAME.0, NAME.1 and so on, which the page joins. None: any.
    """
    description = read_description(folder)
    kinds = ("wasm", "webgpu") if webgpu else ("wasm",)
    runtimes = {kind: web_runtime(downloads, kind) for kind in kinds}
    checked = {DESCRIPTION_FILE: description.to_json().encode(), _MODEL: _packed(read_onnx(folder, description))}
    checked |= {_VENDOR[kind][1]: runtime.packed_wasm for kind, runtime in runtimes.items()}
    vendor = {_VENDOR[kind][0]: runtime.script for kind, runtime in runtimes.items()}
    files_of = {name: _pieces(name, stored, most_bytes) for name, stored in checked.items()}
    whole = {place: piece for pieces in files_of.values() for place, piece in pieces.items()}
    own = {"style.css": _own("style.css").encode(), **_modules(MODULES), **_modules(THREAD)}
    tags = {name: _tag(stored) for name, stored in (own | vendor | whole).items()}
    integrity = {place: _integrity(piece) for place, piece in whole.items()}
    assets = {
        name: [{"tag": tags[place], "integrity": integrity[place]} for place in pieces]
        for name, pieces in files_of.items()
    }
    assets |= {name: [{"tag": tags[name]}] for name in (*vendor, "thread.js")}
    at = {name: f"{name}?{tag}" for name, tag in tags.items()}
    head = [f'<link rel="stylesheet" href="{at["style.css"]}">']
    head += [f'<link rel="modulepreload" href="{at[name]}">' for name in MODULES]
    certain = [name for name in whole if not (webgpu and name.startswith("vendor/"))]  # who draws on which, shows later
    head += [
        f'<link rel="preload" as="fetch" crossorigin href="{at[name]}" integrity="{integrity[name]}">'
        for name in certain
    ]
    script = f'<script type="module" src="{at["app.js"]}"></script>'
    guard = _own("guard.js")
    policy = _POLICY | {"script-src": f"{_POLICY['script-src']} {source_hash(guard)}"}
    page = _page(
        description,
        policy,
        "\n".join(head),
        script,
        assets=assets,
        webgpu=webgpu,
        perform=perform,
        guard=f"<script>{guard}</script>",
    )
    made = {"index.html": page.encode(), **own, **vendor, **whole}
    version = hashlib.sha256(b"".join(made.values())).hexdigest()[:16]
    kept = ["./", *(name for name in made if "webgpu" not in name)]
    worker = Template(_own("worker.js")).substitute(version=f"ganvas-{version}", files=json.dumps(kept))
    return made | {"worker.js": worker.encode()}


def one_file(description: Description, made: Mapping[str, bytes], *, perform: bool = False) -> str:
    """The page of `page_files`, in whole files, as one; its policy names the very scripts by their hashes.

    Raises:
        ValueError: a script cannot stand inside a page.
    """
    script, wasm = _VENDOR["wasm"]
    style, ort = _own("style.css"), _as_global(_from_disk(made[script].decode()), "ort")
    own, thread = joined(MODULES), joined(THREAD)
    if re.search(r"</script|<!--|<script|\r", ort + own + thread, re.IGNORECASE):
        raise ValueError("a script that a page cannot hold inside")
    policy = {
        **_POLICY,
        "script-src": f"{source_hash(ort)} {source_hash(own)} 'wasm-unsafe-eval'",
        "style-src": source_hash(style),
        "connect-src": "'none'",
        "worker-src": "blob:",
    }
    held = "\n".join(
        f'<script type="application/octet-stream" id="asset:{name}">{base64.b64encode(made[name]).decode()}</script>'
        for name in (DESCRIPTION_FILE, _MODEL, wasm)
    )
    held += f'\n<script type="text/plain" id="thread">{thread}</script>'
    scripts = f'{held}\n<script type="module" id="ort">{ort}</script>\n<script type="module">{own}</script>'
    return _page(description, policy, f"<style>{style}</style>", scripts, perform=perform)


def joined(names: tuple[str, ...]) -> str:
    """Modules as one: without their imports of each other, what they export in one scope."""
    text = "\n".join(_own(name) for name in names)
    return re.sub(r"^(?:import .*;\n|export (?=async |function |class |const ))", "", text, flags=re.MULTILINE)


def _page(
    description: Description,
    policy: Mapping[str, str],
    head: str,
    scripts: str,
    *,
    assets: Mapping[str, object] | None = None,
    webgpu: bool = False,
    perform: bool = False,
    guard: str = "",
) -> str:
    published = description.published
    assert published is not None
    escaped = {"title": published.title, "description": published.about or published.title}
    return Template(_own("index.html")).substitute(
        {name: html.escape(text) for name, text in escaped.items()},
        policy="; ".join(f"{name} {value}" for name, value in policy.items()),
        about=f"<p>{html.escape(published.about)}</p>" if published.about else "",
        findings="\n    ".join(f"<p>{html.escape(line)}</p>" for line in published.findings),
        licence=f"Licence: {html.escape(published.licence)}." if published.licence else "",
        head=head,
        scripts=scripts,
        assets=html.escape(json.dumps(assets or {})),
        webgpu=str(webgpu).lower(),
        perform=str(perform).lower(),
        guard=guard,
        width=description.width,
        height=description.height,
        kind="see-through" if description.channels == 4 else "",
    )


def _from_disk(script: str) -> str:
    """onnxruntime-web without its way of finding itself on disk, which some browsers refuse and which is not needed.

    Raises:
        ValueError: that is no longer in it.
    """
    if _FROM_DISK not in script:
        raise ValueError("onnxruntime-web finds itself in another way than was expected")
    return script.replace(_FROM_DISK, "!1")


def _as_global(script: str, name: str) -> str:
    """A module whose exports become the fields of one global object.

    Raises:
        ValueError: it does not end with a list of exports.
    """
    head, found, exports = script.rpartition("export{")
    if not found or not exports.rstrip().endswith("};"):
        raise ValueError("the script does not end with its exports")
    pairs = [each.split(" as ") for each in exports.rstrip().removesuffix("};").split(",")]
    return f"{head}globalThis.{name}={{{','.join(f'{pair[-1]}:{pair[0]}' for pair in pairs)}}};"


def _own(name: str) -> str:
    return (files("ganvas.publishing") / "page" / name).read_text(encoding="utf-8")


def _modules(names: tuple[str, ...]) -> dict[str, bytes]:
    """Own modules, each after those it needs; their imports of each other name the very version."""
    made: dict[str, bytes] = {}
    for name in names:
        text = _own(name)
        for earlier, stored in made.items():
            text = text.replace(f'"./{earlier}"', f'"./{earlier}?{_tag(stored)}"')
        made[name] = text.encode()
    return made


def _pieces(name: str, stored: bytes, most_bytes: int | None) -> dict[str, bytes]:
    """A file under its name, or in pieces of at most so many bytes, each under its own."""
    if most_bytes is None or len(stored) <= most_bytes:
        return {name: stored}
    starts = range(0, len(stored), most_bytes)
    return {f"{name}.{number}": stored[at : at + most_bytes] for number, at in enumerate(starts)}


def _tag(stored: bytes) -> str:
    """What the address of a file ends with, so that no cache takes one version for another."""
    return hashlib.sha256(stored).hexdigest()[:12]


def _integrity(stored: bytes) -> str:
    """The checksum of a file, and of what is packed in it: some hosts unpack on the way. Source: SRI, W3C 2016."""
    return " ".join(
        f"sha256-{base64.b64encode(hashlib.sha256(each).digest()).decode()}" for each in (stored, *_unpacked(stored))
    )


def _unpacked(stored: bytes) -> list[bytes]:
    try:
        return [gzip.decompress(stored)]
    except (OSError, EOFError, zlib.error):
        return []  # no gzip file, or a piece of one


def _packed(stored: bytes) -> bytes:
    return gzip.compress(stored, 9, mtime=0)
