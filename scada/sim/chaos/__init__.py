"""Faults on purpose: a site and its virtual car park, and everything that may go wrong around a server, one by one."""
