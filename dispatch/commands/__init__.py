"""Subcommands of `tocsin centre`, one subject a file."""
