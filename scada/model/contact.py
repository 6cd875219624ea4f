"""A contact behind a filter: it counts as turned once it has stayed so for a while. A function of values and times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """`counts` is what the contact counts as, `seen` how it was last seen, and since when."""

    counts: bool
    seen: bool
    since_s: float

    @property
    def is_settled(self) -> bool:
        """Say whether it counts as what it was last seen as."""
        return self.counts is self.seen


def filtered(before: Contact | None, *, on: bool, at_s: float, wait_s: float, safe: object = None) -> Contact:
    """Give what a contact counts as, now that it is seen `on` (or seen so still).

    Nothing known before (None: just connected, or it was bad) is believed at once, and so is its turn to what is
    assumed when nothing is known (`safe`): a filter never delays the careful side.
    """
    if before is None or on is safe:
        return Contact(on, on, at_s)
    since_s = before.since_s if before.seen is on else at_s
    has_stayed = on is before.counts or at_s - since_s >= wait_s
    return Contact(on if has_stayed else before.counts, on, since_s)
