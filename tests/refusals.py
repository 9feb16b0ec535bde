"""How tests say that something is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chat.errors import Refusal


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect a refusal with this code."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code
