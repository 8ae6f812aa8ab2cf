"""What the command lines of these benches have in common: a folder to work in, what to try, or the table of results."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path


def parser_for(description: str | None, names: Iterable[str]) -> argparse.ArgumentParser:
    """WORK, --only with these names, and --table; a bench adds its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="?", type=Path, metavar="WORK", help="a folder for files, best in memory")
    names = list(names)
    parser.add_argument("--only", nargs="+", default=names, metavar="NAME", choices=names, help="as the table has them")
    parser.add_argument("--table", action="store_true", help="print what was found so far")
    return parser


def asked_or_shown(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, table: Callable[[], str]
) -> argparse.Namespace | None:
    """What is asked for; None if that was the table, which is printed.

    Raises:
        SystemExit: the arguments are none that the parser takes, or WORK is missing.
    """
    asked = parser.parse_args(arguments)
    if asked.table:
        print(table())
        return None
    if asked.work is None:
        parser.error("WORK is missing")
    return asked
