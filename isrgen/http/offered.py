"""What each of a site's functions may ask for, by the names of its parameters."""

from __future__ import annotations

from typing import Final

LOADER: Final = ("params", "request", "site")
API: Final = ("request", "params", "site")
STATIC_PARAMS: Final = ("site",)
