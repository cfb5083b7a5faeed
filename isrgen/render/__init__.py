"""Markup and templates into pages."""
