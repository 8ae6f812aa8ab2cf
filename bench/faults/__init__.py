"""What a command leaves behind when its disk, its clock or its own life ends in the middle (`python -m bench.faults`)."""
