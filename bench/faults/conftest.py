"""What the long forms stand on: the same as the short ones."""

from tests.conftest import postgresql, valkey
from tests.faults.conftest import site, small_site

__all__ = ["postgresql", "site", "small_site", "valkey"]
