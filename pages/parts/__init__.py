"""What pages share. Pages call `zoo` through `cached`, remember through `state`, and draw through the rest."""

from pages.parts.frame import show_errors

__all__ = ["show_errors"]
