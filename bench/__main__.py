"""``python -m bench [NAME …]``: measure one figure, or all, and print one Markdown table."""

import argparse
import gc
import os
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from bench import answers, client, cluster, durable, enter, fanout, hot, idle, reconnects, storm
from bench.figures import Figure, table
from bench.options import Options
from bench.peers import columns, nodes
from bench.servers import CORES
from bench.wire import Lost

BENCHES: dict[str, Callable[[Options], list[Figure]]] = {
    "fanout": fanout.figures,
    "idle": idle.figures,
    "durable": durable.figures,
    "hot": hot.figures,
    "storm": storm.figures,
    "reconnects": reconnects.figures,
    "enter": enter.figures,
    "client": client.figures,
    "cluster": cluster.figures,
    "answers": answers.figures,
    "peers": columns.figures,
    "nodes": nodes.figures,
}
MOST = 1_800  # seconds for one bench, whatever happens
README = Path(__file__).with_name("README.md")
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- /table -->)", re.DOTALL)


def main() -> int:
    """Run what was asked for. Return 0 where every bound was held, else 1."""
    asked = _parser().parse_args()
    _prepare()
    options = Options(runs=asked.runs, quick=asked.quick, data=asked.data)
    figures: list[Figure] = []
    failed = False
    for name in asked.names or BENCHES:
        print(f"{name} …", file=sys.stderr, flush=True)
        signal.alarm(MOST)
        try:
            figures += BENCHES[name](options)
        except Lost as error:
            print(f"{name}: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
            failed = True
        except Exception:
            traceback.print_exc()  # a bug here, and no reason to drop the figures of the others
            failed = True
        signal.alarm(0)
    made = table(figures)
    print(made)
    if asked.write:
        text = README.read_text()
        README.write_text(TABLE.sub(lambda _: f"\n{made}\n\n", text))
    return int(failed or any(figure.is_held is False for figure in figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--runs", type=int, default=Options.runs, help="runs of each (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="small: shows that it works, no more")
    parser.add_argument("--data", type=Path, help="a directory on the disk to measure on")
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md")
    return parser


def _prepare() -> None:
    """Take the client's core, as many files as allowed, and end servers however we end."""
    gc.disable()  # a collection here would be a wait there
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, CORES[-1:])
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGHUP):
        signal.signal(number, _end)


def _end(number: int, _: object) -> None:
    raise SystemExit(f"ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
