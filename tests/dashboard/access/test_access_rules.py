"""Whom the role table lets see which leads; everybody else sees none."""

import pytest

from dashboard.access.access_rules import LOCAL_VIEWER, Roles, Viewer, find_viewer

ROLES = Roles(
    managers=("Ann@Example.com", "@board.example.com"),
    reps={"ben@example.com": ("ben", "team 4")},
    rep_domains=("@sales.example.com",),
)


def find_viewer_by_email(email: object, **claims: object) -> Viewer | None:
    return find_viewer(ROLES, {"email": email, **claims})


@pytest.mark.parametrize("email", ["ann@example.com", " ANN@example.COM ", "any@board.example.com"])
def test_managers_by_address_or_domain_see_every_lead(email: str) -> None:
    viewer = find_viewer_by_email(email)
    assert viewer is not None
    assert viewer.has_full_access
    assert viewer.can_see("anybody")


def test_a_rep_sees_the_leads_of_the_owners_in_the_table_and_no_others() -> None:
    viewer = find_viewer_by_email("Ben@example.com")
    assert viewer is not None
    assert not viewer.has_full_access
    assert [viewer.can_see(owner) for owner in ("ben", "team 4", "Ben", "cara", "")] == [
        *(True, True),
        *(False, False, False),
    ]


def test_a_rep_by_domain_sees_the_leads_that_carry_their_address() -> None:
    viewer = find_viewer_by_email("cara@sales.example.com")
    assert viewer is not None
    assert viewer.can_see("Cara@Sales.example.com")
    assert not viewer.can_see("dan@sales.example.com")


@pytest.mark.parametrize(
    "email",
    [
        *("eve@example.com", "ann@evil.example", "x@sub.board.example.com"),
        *("@board.example.com", "board.example.com", "", "ann@example.com@board.example.com"),
        *("a\x00@board.example.com", "x@board.example.com\u200b", None, 7, ["ann@example.com"]),
    ],
)
def test_everybody_else_sees_nothing(email: object) -> None:
    assert find_viewer_by_email(email) is None


@pytest.mark.parametrize(
    ("verified", "seen"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False)],
)
def test_an_address_that_the_provider_has_not_verified_counts_as_none(
    verified: object, seen: bool
) -> None:
    assert (find_viewer_by_email("ann@example.com", email_verified=verified) is not None) is seen


def test_an_empty_role_table_lets_nobody_in() -> None:
    assert find_viewer(Roles(), {"email": "ann@example.com"}) is None
    assert find_viewer(Roles(managers=("",), rep_domains=("@",)), {"email": "a@b.example"}) is None


def test_nobody_signs_in_on_the_machine_itself() -> None:
    assert LOCAL_VIEWER.has_full_access
