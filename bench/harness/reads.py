"""What reads over HTTP cost the events beside them, and how long they take. Needs wrk."""

import json
import subprocess
import time
import urllib.request

from . import machine
from .cases import THROUGHPUT, throughput, verified, watch

KEPT, PREFIX = 10_000, "kept"  # open groups that are read
CONNECTIONS, LISTING = 50, 4
ASKED = 7_500  # a second; wrk pauses between an answer and the next question, so some five thousand come of it


def wrk(bench, url, name, paths, connections, rate, seconds):
    """Starts a client; finished() gives what it found."""
    file = f"{bench.folder}/paths-{name}"
    with open(file, "w") as out:
        out.writelines(path + "\n" for path in paths)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s", f"{bench.root}/bench/harness/wrk.lua", url,
               "--", file, str(1_000 * connections / rate)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(process):
    return json.loads([line for line in process.communicate()[0].splitlines() if line.startswith("{")][-1])


def ids(url, count, limit=60):
    """Of open groups, once there are so many."""
    until = time.monotonic() + limit
    while True:
        found, after = [], ""
        try:
            while after is not None and len(found) < count:
                with urllib.request.urlopen(f"{url}/v1/groups?limit=1000{after}", timeout=5) as answer:
                    page = json.load(answer)
                # Not those of the load: they are forgotten in the middle of the reads.
                found += [group["id"] for group in page["groups"] if group["id"].startswith(PREFIX)]
                after = f"&after={page['next']}" if "next" in page else None
        except OSError:
            pass
        if len(found) >= count:
            return found[:count]
        if time.monotonic() > until:
            raise RuntimeError(f"{url} has {len(found)} open groups, not {count}")
        time.sleep(0.5)


def flat(found):
    """For the report: {"alone": {"cores": 1}} as {"alone_cores": 1}."""
    result = {}
    for name, value in found.items():
        inner = flat(value) if isinstance(value, dict) else {"": value}
        result.update({f"{name}_{key}" if key else name: one for key, one in inner.items()})
    return result


class Readers:
    """Reads of one group at `rate`, and one list of 20 by deadline for each fifty of them."""

    def __init__(self, bench, url, rate, seconds):
        one = [f"/v1/groups/{id}" for id in ids(url, KEPT)]
        self.one = wrk(bench, url, "one", one, CONNECTIONS, rate, seconds)
        self.lists = wrk(bench, url, "lists", ["/v1/groups?order=deadline&limit=20"], LISTING, rate / 50, seconds)

    def finish(self):
        return {"reads": finished(self.one), "lists": finished(self.lists)}


def keep_open(bench, source):
    bench.load("produce", "--topic", source, "--groups", KEPT, "--interleave", 1_000, "--timeout-percent", 100, "--timeout-ttl", 36_000,
               "--prefix", PREFIX)


def paced(bench, rate=50_000, reads=ASKED, seconds=20):
    """Events at a steady rate, alone and beside reads."""
    entities = 3
    app = bench.name("ours-reads")
    source, sink, port = bench.topic(f"in-{app}"), bench.topic(f"out-{app}"), machine.free_port()
    running = bench.collector(app, source, sink, "exactly-once", "--http", f"127.0.0.1:{port}")
    found = {"case": "reads", "system": "ours", "rate": rate, "asked_per_s": reads, "verified": True}
    keep_open(bench, source)
    ids(f"http://127.0.0.1:{port}", KEPT)
    groups = int(rate * seconds / (entities + 1))
    bench.load("produce", "--topic", source, "--groups", groups // 4, "--rate", rate, "--interleave", 1_000, "--prefix", "warm")
    for phase in ("alone", "beside"):
        drain = bench.load("drain", "--topic", sink, "--groups", groups, "--prefix", phase, "--idle", 20, wait=False)
        readers = Readers(bench, f"http://127.0.0.1:{port}", reads, seconds) if phase == "beside" else None
        time.sleep(0.5)
        before, began = running.cpu(), time.monotonic()
        bench.load("produce", "--topic", source, "--groups", groups, "--rate", rate, "--interleave", 1_000, "--prefix", phase)
        produced = time.monotonic() - began
        used = running.cpu() - before
        _, result = watch(drain, running)
        found[phase] = {"events_per_s": round(groups * (entities + 1) / produced), "outcome_ms": result["latency_ms"],
                        "cores": round(used / produced, 2)}
        if readers:
            found[phase].update(readers.finish())
        found["verified"] &= verified(result)
    running.stop()
    bench.forget(app, source, sink)
    return flat(found)


def saturated(bench, reads=ASKED, groups=1_500_000, seconds=5):
    """As many events as go, from a preloaded topic, alone and beside reads: on few processors they share them.

    Must last longer than the reads do: once the collector has stopped they only fail."""
    THROUGHPUT["reads"] = (3, groups, 1_000, 4, ())
    source = bench.topic("in-reads", 4)
    keep_open(bench, source)
    bench.load("produce", "--topic", source, "--groups", groups, "--entities", 3, "--interleave", 1_000)
    found = {"case": "reads-saturated", "system": "ours", "asked_per_s": reads, "verified": True}
    for phase in ("alone", "beside"):
        port = machine.free_port()
        readers = []

        def begin(port=port, phase=phase, readers=readers):
            if phase == "beside":
                readers.append(Readers(bench, f"http://127.0.0.1:{port}", reads, seconds))

        entry = throughput(bench, "reads", "ours", "exactly-once", options=("--http", f"127.0.0.1:{port}"), beside=begin)
        found[phase] = {name: entry.get(name) for name in ("events_per_s", "cpu_us")}
        if readers:
            found[phase].update(readers[0].finish())
        found["verified"] &= entry["verified"]
    bench.load("delete", "--topic", source)
    return flat(found)
