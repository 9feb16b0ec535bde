"""What the long forms stand on: the same as the short ones."""

from tests.conftest import postgresql, valkey
from tests.faults.conftest import original, site, small_original, small_site

__all__ = ["original", "postgresql", "site", "small_original", "small_site", "valkey"]
