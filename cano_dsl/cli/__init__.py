"""The command `cano`."""
