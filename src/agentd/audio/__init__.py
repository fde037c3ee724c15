"""Sound as bytes: the line's mu-law, levels, filters, gain, rates and WAV files. No task, no clock, no decision."""
