"""The server that follows your edits."""
