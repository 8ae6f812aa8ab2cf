"""What an API says of itself, as a page without a script."""

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: auto; padding: clamp(1rem, 4vw, 3rem); }
h2 { font: 600 1.1rem/1.4 ui-monospace, monospace; margin: 2.5rem 0 0.25rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 0.75rem 0; }
td, th { text-align: left; vertical-align: top; padding: 0.3rem 1rem 0.3rem 0; border-top: 1px solid #8886; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 0.4rem; }
"""


def reference(described: Mapping[str, Any]) -> str:
    """A page of HTML for an OpenAPI description."""
    title, text = (html.escape(described["info"][name]) for name in ("title", "description"))
    operations = "\n".join(
        _operation(method, path, operation, described)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    whole = '<p>For programs: <a href="openapi.json">openapi.json</a>.</p>'
    return (
        f'<!doctype html><html lang="en"><head>{head}<title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{text}</p>{whole}{operations}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    rows = [
        (each["name"], each["schema"] | {"description": each.get("description", each["schema"].get("description", ""))})
        for each in operation.get("parameters", [])
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = _found(body, described)
    rows += list(schema.get("properties", {}).items())
    examples = "".join(f"<pre>{html.escape(json.dumps(each))}</pre>" for each in schema.get("examples", []))
    answers = "".join(
        f"<tr><td>{status}</td><td>{html.escape(each.get('description', ''))}</td>"
        f"<td>{html.escape(', '.join(each.get('content', {})))}</td></tr>"
        for status, each in operation["responses"].items()
    )
    parameters = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(' or '.join(_kinds(each, described)))}</td>"
        f"<td>{html.escape(each.get('description', ''))}</td></tr>"
        for name, each in rows
    )
    return (
        f"<h2>{method.upper()} {html.escape(path)}</h2><p>{html.escape(operation.get('description', ''))}</p>"
        + (f"<table><tr><th>parameter<th>kind<th>meaning</tr>{parameters}</table>" if parameters else "")
        + examples
        + f"<table><tr><th>status<th>when<th>as</tr>{answers}</table>"
    )


def _found(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema, or the one that it refers to."""
    if "$ref" not in schema:
        return schema
    return described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _kinds(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    """What a value may be, in words."""
    schema = _found(schema, described)
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _kinds(each, described)
    elif "enum" in schema:
        yield ", ".join(map(str, schema["enum"]))
    elif schema.get("type") == "array":
        yield f"list of {' or '.join(_kinds(schema['items'], described))}"
    elif schema.get("type") != "null":
        bounds = [schema.get("minimum"), schema.get("maximum")]
        within = f" from {bounds[0]} to {bounds[1]}" if None not in bounds else ""
        yield f"{schema.get('type', 'any')}{within}"
