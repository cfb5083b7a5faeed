"""Runs a site's own Python: loaders, API functions and middleware."""
