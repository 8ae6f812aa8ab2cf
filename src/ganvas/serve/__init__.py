"""Publishing: what draws without torch, and what puts it online. Nothing here imports torch."""
