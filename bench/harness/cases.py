"""The cases: each measures one system once and returns what it found."""

import json
import signal
import time
import urllib.request

from . import machine

# name: entities a group, groups, groups open at the same time, partitions, further options of the load.
THROUGHPUT = {
    "e3": (3, 500_000, 1_000, 4, ()),
    "e3-long": (3, 1_000_000, 1_000, 4, ()),
    "e100": (100, 10_000, 100, 4, ()),
    "e1000": (1_000, 1_000, 100, 4, ()),
    # Shorter results: ten thousand of the others are more than an outcome may hold.
    "e10000": (10_000, 100, 20, 4, ("--result-bytes", "50")),
    "open-20k": (3, 500_000, 20_000, 4, ()),
    "open-200k": (3, 500_000, 200_000, 4, ()),
    "entities-10m": (10, 1_000_000, 1_000_000, 4, ("--creates-first",)),
    "p64": (3, 500_000, 1_000, 64, ()),
}


def preload(bench, case):
    """The input of a throughput case, written once and read by all systems."""
    entities, groups, window, partitions, extra = THROUGHPUT[case]
    topic = bench.topic(f"in-{case}", partitions)
    bench.load("produce", "--topic", topic, "--groups", groups, "--entities", entities, "--interleave", window, *extra)
    return topic


def watch(drain, running):
    """Reads the marks of a drain, and takes the process's CPU and memory with each."""
    marks, result = {}, {}
    for line in drain.stdout:
        entry = json.loads(line)
        if "mark" not in entry:
            result = entry
        elif running.process.poll() is None:
            entry["cpu"] = running.cpu()
            entry["rss"] = running.memory_mb()
            marks[entry["mark"]] = entry
    drain.wait()
    return marks, result


def verified(result):
    return result.get("missing") == 0 and result.get("duplicates") == 0 and result.get("bad") == 0


def throughput(bench, case, system, guarantee, options=(), beside=None):
    """A preloaded topic, read from the start until the last outcome is there. All outcomes are checked afterwards.

    `options` are the collector's; `beside` is called once it has been started."""
    entities, groups, _, partitions, _ = THROUGHPUT[case]
    events = groups * (entities + 1)
    source = f"in-{case}"
    app = bench.name(f"{system}-{case}")
    sink = bench.topic(f"out-{app}", partitions)
    found = {"case": case, "system": system, "guarantee": guarantee, "entities": entities, "groups": groups, "events": events}
    if system == "raw":
        options = ["--at-least-once"] if guarantee == "at-least-once" else []
        broker = machine.cpu_seconds(bench.broker_pid)
        done = bench.load("relay", "--input", source, "--output", sink, *options)
        found["events_per_s"] = round(done["records"] / done["seconds"])
        found["cpu_us"] = round(done["cpu_s"] / done["records"] * 1e6, 2)
        found["broker_us"] = round((machine.cpu_seconds(bench.broker_pid) - broker) / done["records"] * 1e6, 2)
        found["verified"] = done["records"] == events
        bench.forget(app, sink)
        return found
    drain = bench.load("drain", "--topic", sink, "--groups", groups, "--entities", entities, "--light", wait=False)
    if system == "peer":
        running = bench.peer(app, source, sink, guarantee, "group" if entities < 100 else "entity")
        running.running.wait(90)
    else:
        running = bench.collector(app, source, sink, guarantee, *options)
    if beside:
        beside()
    broker = machine.cpu_seconds(bench.broker_pid)
    marks, result = watch(drain, running)
    running.stop()
    found["verified"] = verified(result)
    if "all" in marks:
        # Counted from when a tenth was there: start-up, the first commit and most of a JVM's warm-up are over then.
        start, end = marks["tenth"], marks["all"]
        seconds = (end["ns"] - start["ns"]) / 1e9
        found["events_per_s"] = round(events * (groups - start["count"]) / groups / seconds) if seconds > 0 else 0
        found["cpu_us"] = round((end["cpu"] - running.cpu_at_running) / events * 1e6, 2)
        found["rss_mb"] = end["rss"]
        found["broker_us"] = round((machine.cpu_seconds(bench.broker_pid) - broker) / events * 1e6, 2)
    bench.forget(app, sink)
    return found


def latency(bench, rate, system, guarantee, seconds=20):
    """A steady load; from the sending of a group's last Done to the reading of its outcome."""
    entities = 3
    app = bench.name(f"{system}-rate")
    source, sink = bench.topic(f"in-{app}"), bench.topic(f"out-{app}")
    options = ["producer.linger.ms=0"] if guarantee == "at-least-once" and system == "peer" else []
    if system == "peer":
        running = bench.peer(app, source, sink, guarantee, "group", *options)
        running.running.wait(90)
    else:
        running = bench.collector(app, source, sink, guarantee)
    time.sleep(2)
    # A first load warms the client's connections and the JVM up; only the second one counts.
    warm = max(1_000, int(rate * 5 / (entities + 1)))
    groups = max(2_000, int(rate * seconds / (entities + 1)))
    window = 100 if rate <= 10_000 else 1_000
    bench.load("produce", "--topic", source, "--groups", warm, "--rate", rate, "--interleave", window, "--prefix", "warm")
    time.sleep(1)
    drain = bench.load("drain", "--topic", sink, "--groups", groups, "--idle", 20, wait=False)
    time.sleep(0.5)
    before, began = running.cpu(), time.monotonic()
    bench.load("produce", "--topic", source, "--groups", groups, "--rate", rate, "--interleave", window)
    used, took = running.cpu() - before, time.monotonic() - began
    _, result = watch(drain, running)
    found = {"case": f"rate-{rate}", "system": system, "guarantee": guarantee, "rate": rate, "latency_ms": result["latency_ms"],
             "cores": round(used / took, 3), "cpu_us": round(used / (rate * took) * 1e6, 2), "rss_mb": running.memory_mb(),
             "verified": verified(result)}
    running.stop()
    bench.forget(app, source, sink)
    return found


def recovery(bench, groups, lose_disk, system="ours"):
    """`groups` stay open (one Done each never comes); SIGKILL; how long until another group's outcome is read?"""
    app = bench.name(f"{system}-recovery")
    source, sink = bench.topic(f"in-{app}"), bench.topic(f"out-{app}")
    bench.load("produce", "--topic", source, "--groups", groups, "--interleave", 1_000, "--timeout-percent", 100,
               "--timeout-ttl", 36_000, "--prefix", "open")

    def start():
        if system == "ours":
            return bench.collector(app, source, sink, "exactly-once")
        return bench.peer(app, source, sink, "exactly-once", "group", "group.instance.id=peer-1")

    def probe(prefix, running, began):
        """Seconds from the start of the process to the first outcome of a few groups that wait already."""
        bench.load("produce", "--topic", source, "--groups", 400, "--prefix", prefix)
        if running is None:
            began = time.monotonic()
            running = start()
        drain = bench.load("drain", "--topic", sink, "--groups", 400, "--prefix", prefix, "--idle", 240, wait=False)
        marks, result = watch(drain, running)
        first = marks["first"]["ns"] / 1e9 - began
        return running, first, verified(result)

    running, _, fine = probe("built", None, None)
    time.sleep(4)
    before = running.memory_mb()
    running.stop(signal.SIGKILL)
    if lose_disk:
        # The identity is kept, so that the wait for the dead member's session isn't what is measured.
        bench.lose_state(app)
    running, first, again = probe("probe", None, None)
    found = {"case": "recovery-lost-disk" if lose_disk else "recovery", "system": system, "groups": groups,
             "first_outcome_s": round(first, 2), "rss_before_mb": before, "rss_mb": running.memory_mb(),
             "cpu_s": round(running.cpu(), 2), "verified": fine and again}
    if system == "ours":
        found.update(bench.log_of_last_start(app))
    running.stop()
    bench.forget(app, source, sink)
    return found


def timeouts(bench, groups=100_000, beside=20_000):
    """`groups` deadlines within one second, beside a steady load that must not be starved."""
    app = bench.name("ours-timeouts")
    source, sink = bench.topic(f"in-{app}"), bench.topic(f"out-{app}")
    running = bench.collector(app, source, sink, "exactly-once", "--http", "127.0.0.1:18092")
    time.sleep(3)
    ttl = 10
    steady = bench.load("drain", "--topic", sink, "--groups", beside * 20 // 4, "--prefix", "beside", "--idle", 30, wait=False)
    late = bench.load("drain", "--topic", sink, "--groups", groups, "--prefix", "late", "--idle", 30, wait=False)
    other = bench.load("produce", "--topic", source, "--groups", beside * 20 // 4, "--rate", beside, "--prefix", "beside", wait=False)
    began = time.monotonic()
    opened = bench.load("produce", "--topic", source, "--groups", groups, "--timeout-percent", 100, "--timeout-ttl", ttl,
                        "--entities", 1, "--interleave", groups, "--prefix", "late")
    last_opened = time.monotonic()
    marks, result = watch(late, running)
    with urllib.request.urlopen("http://127.0.0.1:18092/metrics") as answer:
        lateness = [line for line in answer.read().decode().splitlines() if "lateness" in line and not line.startswith("#")]
    other.wait()
    _, aside = watch(steady, running)
    found = {"case": "timeouts", "system": "ours", "groups": groups, "opened_within_s": round(last_opened - began, 2),
             "opened": opened["events"],
             "all_out_after_first_s": round((marks["all"]["ns"] - marks["first"]["ns"]) / 1e9, 2),
             "all_out_after_last_deadline_s": round(marks["all"]["ns"] / 1e9 - last_opened - ttl, 2),
             "beside_latency_ms": aside["latency_ms"], "lateness": lateness,
             "verified": verified(result) and verified(aside)}
    running.stop()
    bench.forget(app, source, sink)
    return found


def soak(bench, seconds, rate):
    """A steady load for long; memory at the end of each tenth."""
    app = bench.name("ours-soak")
    source, sink = bench.topic(f"in-{app}"), bench.topic(f"out-{app}")
    running = bench.collector(app, source, sink, "exactly-once")
    groups = rate * seconds // 4
    drain = bench.load("drain", "--topic", sink, "--groups", groups, "--idle", 30, "--light", wait=False)
    load = bench.load("produce", "--topic", source, "--groups", groups, "--rate", rate, "--interleave", 20_000, wait=False)
    memory = []
    for _ in range(10):
        time.sleep(seconds / 10)
        memory.append(machine.memory_mb(running.pid, "VmRSS"))
    load.wait()
    _, result = watch(drain, running)
    found = {"case": "soak", "system": "ours", "seconds": seconds, "rate": rate, "rss_mb_by_tenth": memory,
             "rss_mb": running.memory_mb(), "verified": verified(result)}
    running.stop()
    bench.forget(app, source, sink)
    return found
