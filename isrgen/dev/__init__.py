"""Working on a site: watch it, build it again, reload the browser.

One process watches and builds, each time in a fresh interpreter, so that
edited Python is never half reloaded. A worker serves the last good build; it
learns what the watcher knows from the ``State`` in ``.isrgen/dev``.
"""
