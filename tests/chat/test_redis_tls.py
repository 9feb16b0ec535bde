"""Redis over TLS: spoken with where its certificate is right, and not a word said where it is not."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from structlog.testing import capture_logs

from tests import engines
from tests.chat.nodes import Node, Relay, envelope, node
from tests.engines import Valkey
from tests.waiting import until

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey"),
]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    """Return a file of whom we trust."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return file


@asynccontextmanager
async def behind_tls(valkey: Valkey, certificate: trustme.LeafCert) -> AsyncIterator[Relay]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    relay = Relay(valkey.url, context)
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def relay(valkey: Valkey, authority: trustme.CA) -> AsyncIterator[Relay]:
    """Return a way to that engine by the server that it says it is."""
    async with behind_tls(valkey, authority.issue_cert("127.0.0.1")) as relay:
        yield relay


@pytest.fixture
async def nodes(relay: Relay, trusted: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Return two by that way, the second of which hears cardiology."""
    url = f"{relay.url}?ssl_ca_certs={trusted}"
    async with node(url, "a") as a, node(url, "b", "cardiology") as b:
        yield a, b


async def test_nodes_hear_one_another_over_tls(relay: Relay, nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    a.say(envelope("cardiology", 1))
    await until(lambda: b.heard == [envelope("cardiology", 1)])
    assert relay.taken == 4  # two a node


async def test_a_link_over_tls_that_falls_silent_is_made_anew(
    relay: Relay, nodes: tuple[Node, Node]
) -> None:
    a, b = nodes
    relay.mutes_hearing = True
    await until(lambda: b.bus.is_degraded)
    relay.mutes_hearing = False
    await until(lambda: not (a.bus.is_degraded or b.bus.is_degraded))
    a.say(envelope("cardiology", 1))
    await until(lambda: envelope("cardiology", 1) in b.heard)


@pytest.mark.parametrize(
    "certificate",
    [
        lambda _: trustme.CA().issue_cert("127.0.0.1"),
        lambda authority: authority.issue_cert("redis.example"),
    ],
    ids=["of a stranger", "for another name"],
)
async def test_a_server_that_is_not_who_it_should_be_is_told_nothing(
    valkey: Valkey, authority: trustme.CA, trusted: Path,
    certificate: Callable[[trustme.CA], trustme.LeafCert],
) -> None:  # fmt: skip
    async with behind_tls(valkey, certificate(authority)) as relay:
        url = f"{relay.url.replace('//', '//who:hunter2@')}?ssl_ca_certs={trusted}"
        alone = Node(url, "a")
        with capture_logs() as said:
            alone.bus.start(alone)
            await until(lambda: said)
            await alone.bus.close()

        assert alone.bus.is_degraded
        assert relay.taken == 0
        [lost] = said
        assert lost["event"] == "bus lost"
        assert "hunter2" not in str(lost)
