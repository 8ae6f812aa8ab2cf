"""`python -m ganvas`, the same as the `ganvas` command."""

from ganvas.cli.main import main

main()
