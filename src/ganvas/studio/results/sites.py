"""Sites that Ganvas made, opened from the studio: a policy that keeps each to its own folder."""

from collections.abc import Mapping

from starlette.requests import Request


def site_policy(request: Request, folder: str) -> Mapping[str, str]:
    """Headers for a file of a site. What its own scripts may do stands in the page; beyond that, it may ask for nothing
    outside its folder, so that whatever lies there cannot use the studio.

    Args:
        folder: where it is, from the studio's root on, with a / at its end.
    """
    host = request.headers.get("host", "")
    root = request.scope.get("root_path", "")
    own = f"{host}{root}/{folder}"
    return {
        "Content-Security-Policy": f"connect-src {own} blob: data:; frame-src 'none'; object-src 'none'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
