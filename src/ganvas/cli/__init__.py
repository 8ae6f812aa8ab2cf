"""The command line: verbs, parsing, progress and text. Nothing else prints."""
