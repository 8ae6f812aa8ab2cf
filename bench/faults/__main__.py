"""Commands whose disk, clock or life ends in the middle, and small files that are damaged.

    python -m bench.faults WORK [--every N] [--only VERB ...]
    python -m bench.faults --table

Every call of a command that changes a file is a point where a fault may strike: no room, a failing disk, half a write,
no permission, a kill. So is every read and every look at the clock. After each, `bench/faults/trials.py` says what must
hold. Commands are also killed at random times, and `bench/faults/damage.py` damages what they read back. It takes hours;
one that was stopped goes on. Lines go to bench/results/faults.jsonl; `--table` prints docs/reliability.md's.
Linux, with a C compiler called `cc`.
"""
