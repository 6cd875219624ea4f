"""The control room's pages, one blueprint each."""
