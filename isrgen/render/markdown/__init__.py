"""One file per Markdown engine."""
