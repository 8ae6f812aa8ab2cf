"""What a page's content security policy says of the scripts and styles that stand inside the page."""

import base64
import hashlib


def source_hash(text: str) -> str:
    """How a policy allows one inline script or style and no other. Source: CSP level 3, hash-source."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
