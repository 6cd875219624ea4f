"""The back ends of the plate reader: which one reads, why not the others, and what each may claim."""

from dataclasses import replace

from tests.support.lpr import guess


def test_a_mean_passes_no_gate_until_the_site_has_found_what_it_is_worth() -> None:
    mean_only = replace(guess("京A12345", 0.9), sign_probs=(), reported=0.99)
    assert (mean_only.min_prob, mean_only.weight, mean_only.mean_prob) == (0.0, 0.0, 0.99)
    worth = replace(mean_only, calibrated=0.85)
    assert (worth.min_prob, worth.weight) == (0.85, 0.85)
