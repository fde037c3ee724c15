"""One module per command, each with an attribute `command`; imported only when that command is run."""
