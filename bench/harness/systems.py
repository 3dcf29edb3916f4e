"""What is measured: the collector, the raw client, and the same job on Kafka Streams."""

import datetime
import json
import os
import shutil
import subprocess
import threading
import time

from . import machine

PEER_SETTINGS = {
    # The best found for it: bigger batches and polls, the throughput collector of the JVM.
    "producer.batch.size": "131072",
    "max.poll.records": "5000",
    "auto.offset.reset": "earliest",
    "replication.factor": "1",
}


class Bench:
    """One broker, one build, one folder for state and logs."""

    def __init__(self, root, build, brokers, broker_pid, folder, options=()):
        self.root, self.build, self.brokers, self.broker_pid, self.folder = root, build, brokers, broker_pid, folder
        self.options = options
        self.count = 0
        os.makedirs(folder, exist_ok=True)

    def name(self, what):
        """A fresh name for topics, applications and folders."""
        self.count += 1
        return f"{what}-{os.getpid()}-{self.count}"

    def load(self, *arguments, **options):
        """Runs ebc-load and returns its last line, or the running process with `wait=False`."""
        command = [f"{self.build}/ebc-load", "--brokers", self.brokers, *map(str, arguments)]
        if not options.get("wait", True):
            return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode > 1:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}")
        lines = done.stdout.splitlines()
        return json.loads(lines[-1]) if lines else {}

    def topic(self, name, partitions=4):
        self.load("create", "--topic", name, "--partitions", partitions)
        return name

    def forget(self, app, *topics):
        """Topics that stay cost the broker."""
        internal = [f"{app}-{part}" for part in ("groups-changelog", "repartition", "dead-letter", "instances")]
        stores = [f"{app}-{store}-changelog" for store in ("heads", "deadlines", "entities")]
        for topic in [*topics, *internal, *stores]:
            self.load("delete", "--topic", topic)
        shutil.rmtree(f"{self.folder}/{app}", ignore_errors=True)

    def lose_state(self, app):
        """The database is gone, as with a new disk; who the instance is, is kept."""
        for entry in os.scandir(f"{self.folder}/{app}"):
            if entry.is_dir():
                shutil.rmtree(entry.path)

    def log_of_last_start(self, app):
        """From the collector's own log: seconds from its first line to the last home running, and records replayed."""
        with open(f"{self.folder}/{app}.log") as file:
            lines = file.read().splitlines()
        starts = [i for i, line in enumerate(lines) if " homes, " in line and " threads, " in line]
        homes = [line for line in lines[starts[-1]:] if "] running: input from" in line]
        replayed = sum(int(line.split(" changelog records")[0].rsplit(" ", 1)[1]) for line in homes)
        when = [datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")) for line in (lines[starts[-1]], homes[-1])]
        return {"to_running_s": round((when[1] - when[0]).total_seconds(), 3), "replayed": replayed}

    def collector(self, app, source, sink, guarantee, *options):
        """The collector, with its defaults but for where it reads and writes."""
        options = [*options, *self.options]
        log = open(f"{self.folder}/{app}.log", "a")
        program = os.environ.get("EBC_BINARY", f"{self.build}/eb-collector")
        command = [program, "run", "--brokers", self.brokers, "--topic", source, "--output-topic", sink,
                   "--app-id", app, "--state-dir", f"{self.folder}/{app}", "--guarantee", guarantee]
        if "--http" not in options:
            command += ["--http", "off"]
        return Running(subprocess.Popen([*command, *options], stdout=log, stderr=log))

    def peer(self, app, source, sink, guarantee, layout, *options, heap="2g"):
        """Kafka Streams; `layout` is group (one value a group) or entity (one entry an entity)."""
        settings = dict(PEER_SETTINGS)
        settings["bootstrap.servers"] = self.brokers
        settings["application.id"] = app
        settings["state.dir"] = f"{self.folder}/{app}"
        settings["processing.guarantee"] = {"exactly-once": "exactly_once_v2", "at-least-once": "at_least_once"}[guarantee]
        settings.update(option.split("=", 1) for option in options)
        jars = f"{os.path.dirname(self.build)}/peer"
        command = ["java", f"-Xmx{heap}", "-XX:+UseParallelGC", "-cp", f"{jars}/streams-collector.jar:{jars}/libs/*",
                   "bench.peer.Main", f"input={source}", f"output={sink}", f"layout={layout}"]
        command += [f"{name}={value}" for name, value in settings.items()]
        log = open(f"{self.folder}/{app}.log", "a")
        return Running(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True), states=True)


class Running:
    """A process under measurement."""

    def __init__(self, process, states=False):
        self.process, self.pid, self.began = process, process.pid, time.monotonic()
        self.running = threading.Event()
        self.running_at = None
        self.cpu_at_running = 0.0
        if states:
            threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        for line in self.process.stdout:
            if line.split()[:2] == ["STATE", "RUNNING"] and not self.running.is_set():
                self.running_at = time.monotonic()
                self.cpu_at_running = self.cpu()
                self.running.set()

    def cpu(self):
        return machine.cpu_seconds(self.pid)

    def memory_mb(self):
        return machine.memory_mb(self.pid)

    def stop(self, *how):
        machine.stop(self.process, *how)
