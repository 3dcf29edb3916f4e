"""Tables and plots of what was measured."""

import json
import shutil
import statistics
import subprocess

NAMES = {"ours": "collector", "raw": "raw client", "peer": "Kafka Streams"}
ORDER = ("raw", "ours", "peer")


def median(entries, field):
    values = [entry[field] for entry in entries if entry.get(field) is not None]
    return statistics.median(values) if values else None


def spread(entries, field, digits=0):
    """Median, and from the least to the largest where there are several."""
    values = [entry[field] for entry in entries if entry.get(field) is not None]
    if not values:
        return ""

    def text(value):
        return f"{value:,.{digits}f}"

    middle = text(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({text(min(values))}..{text(max(values))})"


def select(entries, **wanted):
    return [entry for entry in entries if all(entry.get(name) == value for name, value in wanted.items())]


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def throughput_table(entries):
    rows = []
    for case in dict.fromkeys(entry["case"] for entry in entries if "events_per_s" in entry):
        for guarantee in ("exactly-once", "at-least-once"):
            raw = median(select(entries, case=case, guarantee=guarantee, system="raw"), "events_per_s")
            peer = median(select(entries, case=case, guarantee=guarantee, system="peer"), "events_per_s")
            for system in ORDER:
                found = select(entries, case=case, guarantee=guarantee, system=system)
                if not found:
                    continue
                rate = median(found, "events_per_s")
                rows.append([case, guarantee, NAMES[system], len(found), spread(found, "events_per_s"), spread(found, "cpu_us", 2),
                             spread(found, "broker_us", 2), spread(found, "rss_mb"),
                             f"{rate / raw:.0%}" if raw and rate else "", f"{rate / peer:.1f}" if peer and rate else "",
                             "yes" if all(entry["verified"] for entry in found) else "NO"])
    return table(["case", "guarantee", "system", "runs", "events/s", "CPU µs an event", "broker's µs", "RSS MB", "of the raw client",
                  "times the peer", "outcomes right"], rows)


def latency_table(entries):
    rows = []
    rates = sorted({entry["rate"] for entry in entries if "latency_ms" in entry})
    for rate in rates:
        for guarantee in ("exactly-once", "at-least-once"):
            for system in ORDER:
                found = select(entries, case=f"rate-{rate}", guarantee=guarantee, system=system)
                if not found:
                    continue
                flat = [dict(entry["latency_ms"], cores=entry["cores"]) for entry in found]
                rows.append([f"{rate:,}", guarantee, NAMES[system], len(found)]
                            + [spread(flat, name, 1) for name in ("p50", "p99", "p999")]
                            + [spread(flat, "cores", 2), "yes" if all(entry["verified"] for entry in found) else "NO"])
    return table(["events/s", "guarantee", "system", "runs", "p50 ms", "p99 ms", "p99.9 ms", "cores used", "outcomes right"], rows)


def other_table(entries):
    rows = []
    for case in ("recovery", "recovery-lost-disk", "timeouts", "soak", "reads", "reads-saturated"):
        for system in ("ours", "peer"):
            found = select(entries, case=case, system=system)
            if not found:
                continue
            skipped = ("case", "system", "machine", "commit", "at", "verified", "lateness", "beside_latency_ms", "rss_mb_by_tenth")
            numbers = [name for name in found[0] if name not in skipped]
            rows.append([case, NAMES[system], len(found), "; ".join(f"{name} {spread(found, name, 2)}" for name in numbers),
                         "yes" if all(entry["verified"] for entry in found) else "NO"])
    return table(["case", "system", "runs", "found", "outcomes right"], rows)


def quick(entries):
    """For CI: ratios to the raw client of the same minute."""
    rows = []
    for guarantee in ("exactly-once", "at-least-once"):
        raw = median(select(entries, guarantee=guarantee, system="raw"), "events_per_s")
        for system in ("raw", "ours"):
            found = select(entries, guarantee=guarantee, system=system)
            rows.append([guarantee, NAMES[system], spread(found, "events_per_s"), spread(found, "cpu_us", 2), spread(found, "rss_mb"),
                         f"{median(found, 'events_per_s') / raw:.0%}", "yes" if all(entry["verified"] for entry in found) else "NO"])
    return table(["guarantee", "system", "events/s", "CPU µs an event", "RSS MB", "of the raw client", "right"], rows)


def write(results, folder):
    with open(results) as file:
        entries = [json.loads(line) for line in file]
    print(json.dumps(entries[-1]["machine"]))
    for text in (throughput_table(entries), latency_table(entries), other_table(entries)):
        print("\n" + text)
    plots(entries, folder)


def plots(entries, folder):
    if shutil.which("gnuplot") is None:
        print("no plots: gnuplot-nox is not installed")
        return
    sizes = {"e3": 3, "e100": 100, "e1000": 1000, "e10000": 10000}
    opened = {"e3": 1_000, "open-20k": 20_000, "open-200k": 200_000}

    def over(axis, system, field):
        points = []
        for case, x in axis.items():
            value = median(select(entries, case=case, guarantee="exactly-once", system=system), field)
            if value is not None:
                points.append((x, value))
        return points

    def rates(system, field):
        points = []
        for rate in sorted({entry["rate"] for entry in entries if "latency_ms" in entry}):
            found = select(entries, case=f"rate-{rate}", guarantee="exactly-once", system=system)
            if found:
                points.append((rate, statistics.median(entry["latency_ms"][field] for entry in found)))
        return points

    plot(f"{folder}/performance-entities.svg", "CPU of an event, by entities a group", "entities a group", "µs",
         [(NAMES[system], over(sizes, system, "cpu_us")) for system in ("ours", "peer")])
    plot(f"{folder}/performance-open-groups.svg", "CPU of an event, by groups open at the same time", "open groups", "µs",
         [(NAMES[system], over(opened, system, "cpu_us")) for system in ("ours", "peer")])
    plot(f"{folder}/performance-throughput.svg", "Events a second, by groups open at the same time", "open groups", "events/s",
         [(NAMES[system], over(opened, system, "events_per_s")) for system in ("ours", "peer")])
    plot(f"{folder}/performance-latency.svg", "From the last Done to the outcome, by load", "events/s", "ms",
         [(f"{NAMES[system]} {field}", rates(system, field)) for system in ("ours", "peer") for field in ("p50", "p99")])


def plot(path, title, x, y, series):
    series = [(name, points) for name, points in series if points]
    if all(len(points) < 2 for _, points in series):
        return
    script = [f"set terminal svg size 720,420 font 'sans,13' background '#ffffff'", f"set output '{path}'", f"set title '{title}'",
              f"set xlabel '{x}'", f"set ylabel '{y}'", "set logscale xy", "set grid", "set key left top", "set format y '%.10g'",
              "plot " + ", ".join(f"'-' using 1:2 with linespoints lw 2 title '{name}'" for name, _ in series)]
    for _, points in series:
        script += [f"{a} {b}" for a, b in points] + ["e"]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
