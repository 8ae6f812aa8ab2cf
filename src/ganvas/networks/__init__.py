"""The players: one file per architecture, each with a function from a NetworkSpec to a pair of modules.

To add one, write `build(spec)` in a file of its own and give it a line in training/architectures.py.
"""

from ganvas.networks.spec import Networks, NetworkSpec

__all__ = ["NetworkSpec", "Networks"]
