"""Passwords: a handle that nobody has takes as long as any, and lets nobody in."""

import pytest
from argon2 import extract_parameters
from argon2.exceptions import VerifyMismatchError

from tests.web.http_clients import PASSWORD
from web import passwords


async def test_what_is_checked_where_nobody_is_costs_what_a_password_does() -> None:
    nobodys = passwords._nobodys()

    assert extract_parameters(nobodys) == extract_parameters(passwords.hash_password(PASSWORD))
    with pytest.raises(VerifyMismatchError):  # and not that it is no hash, which would take no time
        passwords._hasher.verify(nobodys, PASSWORD)


async def test_nobodys_password_is_never_right() -> None:
    checked = passwords.Passwords()

    assert not await checked.is_right(None, PASSWORD)
    assert await checked.is_right(await checked.hash(PASSWORD), PASSWORD)
    checked.close()
