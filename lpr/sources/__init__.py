"""Where frames come from: streams, stills over HTTP, devices, files."""
