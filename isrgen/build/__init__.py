"""From a site to ``dist/``: render what can be rendered now, write it, and swap it in whole."""

from isrgen.build.run import BuildEvent, BuildResult, build

__all__ = ["BuildEvent", "BuildResult", "build"]
