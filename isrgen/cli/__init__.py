"""The command line: the only room that prints, prompts, exits and reads the environment."""

from isrgen.cli.run import main

__all__ = ["main"]
