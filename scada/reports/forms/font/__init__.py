"""The font that PDF files are written in, small enough to be part of the product."""
