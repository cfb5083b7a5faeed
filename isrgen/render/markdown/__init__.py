"""One file per Markdown engine, found by its name."""

from isrgen.render.markdown.engine import (
    MarkdownEngine,
    Options,
    PageHooks,
    Rendered,
    engine_names,
    load_engine,
)

__all__ = ["MarkdownEngine", "Options", "PageHooks", "Rendered", "engine_names", "load_engine"]
