"""Origins, each the implementation of ``edge.origin.Origin`` for one way to reach an application."""
