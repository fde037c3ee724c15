"""Programs that print figures. `python -m benchmarks` runs them all; each says what it measures and against what."""
