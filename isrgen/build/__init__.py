"""From a site to ``dist/``: render what can be rendered now, write it, and swap it in whole."""
