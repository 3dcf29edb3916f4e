"""One `eb-collector dev` for a test: the program with its embedded broker, on free ports."""
import http.client
import json
import os
import re
import subprocess
import tempfile
import time
from urllib.parse import quote


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Collector:
    def __init__(self, token=None, extra=(), environment=()):
        self.token = token
        self.log = tempfile.TemporaryFile()
        environment = {**os.environ, **dict(environment)}
        if token:
            environment["EB_COLLECTOR_HTTP_TOKEN"] = token
        arguments = [os.environ["EBC_BINARY"], "dev", "--port", "0", "--http", "127.0.0.1:0", *extra]
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        self.port = int(self.wait(lambda: re.search(r"http: listening on 127\.0\.0\.1:(\d+)", self.said()), "its HTTP")[1])
        self.base = f"http://127.0.0.1:{self.port}"
        self.wait(lambda: self.call("GET", "/readyz").status == 200 and
                  "incomplete" not in self.call("GET", "/v1/groups").json(), "the collector to be ready")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = condition()
                if found:
                    return found
            except (OSError, http.client.HTTPException):
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}; the collector says:\n{self.said()[-4000:]}")

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def call(self, method, path, body=None, headers=None, raw=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = dict(headers or {})
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            raw = json.dumps(body)
        connection.request(method, path, raw, sent)
        reply = connection.getresponse()
        result = Reply(reply.status, reply.headers, reply.read())
        connection.close()
        return result

    def create(self, group, expected, **more):
        reply = self.call("POST", "/v1/groups", {"id": group, "expected": expected, **more})
        assert reply.status == 202, reply.body
        return group

    def settle(self, group, entity, **what):
        reply = self.call("POST", f"/v1/groups/{quote(group, safe='')}/entities/{quote(entity, safe='')}", what)
        assert reply.status == 202, reply.body

    def group(self, group):
        return self.call("GET", f"/v1/groups/{quote(group, safe='')}")

    def wait_until(self, group, condition, what):
        return self.wait(lambda: (lambda g: g if g and condition(g) else None)(
            self.group(group).json() if self.group(group).status == 200 else None), what)
