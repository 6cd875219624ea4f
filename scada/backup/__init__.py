"""Backups of a whole site while it runs, proved by restoring them (docs/backup.md, docs/decisions/0058)."""


class BackupError(Exception):
    """A backup cannot be made, checked or put back; the message says what was tried and what to do."""
