"""Sharing the engine between owners: who was given least goes next, and idle time is no credit."""

from __future__ import annotations

from GPT_SoVITS.scheduler.fairness import FairShare


def test_a_newcomer_starts_level_with_the_least_served() -> None:
    share = FairShare()
    share.enter("a")
    share.enter("b")
    share.charge("a", 10.0)
    share.charge("b", 4.0)
    share.enter("new")
    assert share.given("new") == 4.0


def test_whoever_comes_back_has_no_credit_for_its_idle_time() -> None:
    share = FairShare()
    share.enter("idle")
    share.enter("busy")
    share.leave("idle")
    share.charge("busy", 60.0)
    share.enter("idle")
    assert share.given("idle") == share.given("busy")


def test_an_account_lasts_as_long_as_its_owner_has_requests() -> None:
    share = FairShare()
    share.enter("a")
    share.enter("a")
    share.charge("a", 2.0)
    share.leave("a")
    assert share.given("a") == 2.0
