"""What a run would do on many GPUs, forecast from what its step counts; `python -m bench.scale` prints it."""
