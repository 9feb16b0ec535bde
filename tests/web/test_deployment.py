"""The files to deploy by: what they name is there, in the settings, the command line, the figures."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from chat.heartbeats import DEAD_AFTER
from chat.redis_bus import RedisBus
from storage.engines import open_database
from tests.builders import SECRET
from tests.processes import free_port, served
from tests.web import plain_yaml
from web.cli import app
from web.curbside import Curbside, all_commands
from web.documents import variable_of
from web.servers import DRAIN_SECONDS, STOP_SECONDS
from web.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
RULES = DEPLOY / "prometheus" / "curbside.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "curbside.json"
PAGES = [ROOT / "docs" / "operating.md", ROOT / "docs" / "capacity.md"]
NAMING = [
    COMPOSE,
    DOCKERFILE,
    *sorted(file for file in DEPLOY.rglob("*") if file.is_file()),
    *PAGES,
]

VARIABLE = re.compile(r"\b(?:CURBSIDE_[A-Z_]+|(?:DATABASE|REDIS)_URL(?:_FILE)?)\b")
METRIC = re.compile(r"\b(?:curbside|process)_[a-z_]+\b(?!@|\.service)")
KINDS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
NO_METRIC = {"curbside_secret", "curbside_new"}  # what else is so written


def settings() -> set[str]:
    """Return every variable that the server reads, and those that name the file of one."""
    fields = [f for f in Settings.model_fields.values() if f.validation_alias is not None]
    files = {f"{f.validation_alias}_FILE" for f in fields if isinstance(f.validation_alias, str)}
    return {variable_of(field) for field in fields} | files


def exported() -> set[str]:
    """Return every figure of a node that has a bus."""
    bus = RedisBus("redis://127.0.0.1:6379/0", "a")
    node = Curbside(open_database("sqlite:///never-opened.db"), secret=SECRET, bus=bus)
    return {
        family.name + suffix
        for family in node.metrics.registry.collect() for suffix in KINDS[family.type]
    }  # fmt: skip


def require_command(line: list[str]) -> None:
    """Have a command line parsed, and not run; one that is wrong raises."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("curbside", list(line))
    name, command, rest = group.resolve_command(context, list(line))
    command.make_context(name, rest)


def unit(file: Path) -> dict[str, str]:
    """Return the last value of each key of a systemd unit."""
    lines = [line for line in file.read_text().splitlines() if re.match(r"[A-Za-z]+=", line)]
    return dict(line.split("=", 1) for line in lines)


def compose() -> dict[str, Any]:
    """Return the services of the compose file."""
    services: dict[str, Any] = plain_yaml.parse(COMPOSE.read_text())["services"]
    return services


@pytest.mark.parametrize("file", NAMING, ids=lambda file: file.name)
def test_every_variable_that_is_named_is_a_setting(file: Path) -> None:
    assert set(VARIABLE.findall(file.read_text())) - settings() == set()


def test_those_variables_are_found() -> None:
    named = {name for file in NAMING for name in VARIABLE.findall(file.read_text())}

    assert {"CURBSIDE_URL", "CURBSIDE_SECRET_FILE", "DATABASE_URL_FILE", "REDIS_URL"} <= named


@pytest.mark.parametrize("file", [RULES, DASHBOARD, *PAGES], ids=lambda file: file.name)
def test_every_figure_that_is_named_is_exported(file: Path) -> None:
    named = set(METRIC.findall(file.read_text())) - NO_METRIC
    figures = exported()
    if file in PAGES:  # where a histogram is named as a whole
        figures |= {name.removesuffix("_bucket") for name in figures}

    assert named
    assert named - figures == set()


def test_every_figure_of_ours_is_drawn_or_watched() -> None:
    text = DASHBOARD.read_text() + RULES.read_text()

    histograms = re.compile(r"_(bucket|sum|count)$")
    ours = {histograms.sub("", name) for name in exported() if name.startswith("curbside_")}
    assert sorted(name for name in ours if name not in text) == []


@pytest.mark.parametrize("file", [RULES, DASHBOARD], ids=lambda file: file.name)
def test_queries_name_commands_that_there_are(file: Path) -> None:
    named = set(re.findall(r'command=\\?"([^"\\]+)', file.read_text()))

    assert named
    assert named <= {command.name for command in all_commands()}


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_runs_a_real_command_and_gives_it_time_to_end(file: Path) -> None:
    values = unit(file)
    program, *line = values["ExecStart"].replace("%i", "8001").split()

    require_command(line)

    assert program == "/opt/curbside/bin/curbside"
    assert values["KillSignal"] == "SIGTERM"
    assert int(values["TimeoutStopSec"]) > DRAIN_SECONDS + STOP_SECONDS
    assert (values["NoNewPrivileges"], values["ProtectSystem"]) == ("yes", "strict")


def test_a_wrong_command_line_would_be_found() -> None:
    for line in (["serve", "--prot", "8001"], ["serve", "--port", "eight"], ["labour"]):
        with pytest.raises(Exception, match=r"(?i)no such|valid"):
            require_command(line)


def test_the_image_and_the_services_run_real_commands() -> None:
    [command] = re.findall(r"^CMD (\[.*\])", DOCKERFILE.read_text(), re.MULTILINE)
    ours = {name: each for name, each in compose().items() if each["image"] == "curbside:latest"}

    for line in [json.loads(command), *(s["command"] for s in ours.values() if "command" in s)]:
        require_command(line)

    assert {"migrate", "node-1", "node-2", "worker"} == set(ours)


def test_our_services_are_given_settings_and_secrets_that_there_are() -> None:
    whole = plain_yaml.parse(COMPOSE.read_text())

    for service in whole["services"].values():
        assert set(service.get("secrets", [])) <= set(whole["secrets"])
        if service["image"] == "curbside:latest":
            assert set(service["environment"]) <= settings()
            assert not any("password" in str(v).lower() for v in service["environment"].values())
    for secret in whole["secrets"].values():
        assert secret["file"].startswith("./var/"), "which git ignores, and the image too"


def test_a_node_in_a_container_has_time_to_end() -> None:
    for name in ("node-1", "node-2", "worker"):
        grace = compose()[name]["stop_grace_period"]
        assert float(grace.removesuffix("s")) > DRAIN_SECONDS + STOP_SECONDS


def test_images_of_others_are_of_a_named_version() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    images += [service["image"] for service in compose().values()]

    assert len(images) == 2 + len(compose())
    for image in images:
        assert image == "curbside:latest" or re.search(r":\d", image), image


def test_the_image_runs_as_nobody_special_and_takes_only_what_it_is_made_of() -> None:
    ignored = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]  # fmt: skip

    assert re.search(r"^USER (?!0\b|root)", DOCKERFILE.read_text(), re.MULTILINE)
    assert ignored[0] == "*"
    assert not [line for line in ignored if line.startswith(("!var", "!.", "!**"))]
    for taken in (line[1:] for line in ignored if line.startswith("!")):
        assert (ROOT / taken).exists(), taken


async def test_the_image_is_well_while_its_server_lives(tmp_path: Path) -> None:
    text = DOCKERFILE.read_text().replace("\\\n", "")
    [check] = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.MULTILINE)
    _, *arguments = json.loads(check)
    port = free_port()

    async def ends(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={"PORT": str(port)}, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    assert await ends(port) == 1
    async with served(tmp_path / "var") as server:
        assert await ends(server.port) == 0


def test_the_proxy_keeps_sockets_for_longer_than_the_server_and_the_figures_to_itself() -> None:
    text = (DEPLOY / "nginx" / "locations.conf").read_text()
    blocks = dict(re.findall(r"location (.*?) \{(.*?)\n\}", text, re.DOTALL))

    [limit] = re.findall(r"proxy_read_timeout (\d+)s", blocks["= /ws"])
    assert int(limit) > DEAD_AFTER
    assert "proxy_pass" not in blocks["= /metrics"]


def test_rules_and_dashboard_say_what_they_are_about() -> None:
    rules = plain_yaml.parse(RULES.read_text())["groups"][0]["rules"]
    panels = [each for each in json.loads(DASHBOARD.read_text())["panels"] if each["type"] != "row"]

    assert all(rule["annotations"]["summary"] and rule["annotations"]["do"] for rule in rules)
    assert all(panel["title"] and panel["description"] for panel in panels)
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 1}",
        "a: 1\na: 2",
        "a: 1\n  b: 2",
        "a: |\n  b",
        "a: *no",
        "a: b: c",
        "- a\n - b",
        "'a'",
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str) -> None:
    with pytest.raises(plain_yaml.NotPlain):
        plain_yaml.parse(text)
