"""The public functions of Ganvas. The command line is built on these, and on nothing else.

Sizes, times, counts and shares may be numbers or as people type them: 64 or "96x64", 600 or "10m", 200_000 or "200k",
0.05 or "5%". Everything heavy is imported where it is used, so that a server starts without PyTorch.
"""
