"""Ganvas turns a folder of pictures into a small generator of new ones."""

__version__ = "0.1.0"
