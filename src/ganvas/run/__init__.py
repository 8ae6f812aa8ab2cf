"""One training run: its folder, what it writes there, what it measures, and what follows from that."""
