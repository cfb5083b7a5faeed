"""The configuration of a site, typed; every problem in it is reported at once."""

from isrgen.config.load import load, read
from isrgen.config.model import Config, MarkdownConfig, RedirectRule, Rule

__all__ = ["Config", "MarkdownConfig", "RedirectRule", "Rule", "load", "read"]
