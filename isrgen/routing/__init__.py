"""Which route answers a path, and how it is rendered: pure functions of values."""
