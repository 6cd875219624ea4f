"""The words of all pages in one gettext catalogue."""
