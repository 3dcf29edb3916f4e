"""Each path and status that docs/openapi.json documents is provoked, and each body held against its schema."""
import http.client
import json
import os
import unittest

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from collector import Collector

HERE = os.path.dirname(os.path.abspath(__file__))
# What can't be brought about in one process with its own broker; each has a test elsewhere (tests/app/http_api_test.cpp).
ELSEWHERE = {"429", "503"}


class Description(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(HERE, "../../docs/openapi.json"), encoding="utf-8") as file:
            cls.document = json.load(file)
        cls.registry = Registry().with_resource("urn:api", Resource(cls.document, DRAFT202012))
        cls.seen = set()
        cls.collector = Collector()
        cls.closed = Collector(token="a token")

    @classmethod
    def tearDownClass(cls):
        cls.collector.stop()
        cls.closed.stop()

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def hold(self, template, method, reply):
        """The reply is one that the description knows, and looks as it says."""
        operation = self.document["paths"][template][method]
        self.assertIn(str(reply.status), operation["responses"], f"{method} {template}: {reply.body}")
        described = self.resolve(operation["responses"][str(reply.status)])
        self.seen.add((template, method, str(reply.status)))
        content = described.get("content")
        if not content:
            self.assertEqual(reply.body, b"")
            return None
        content_type, media = next(iter(content.items()))
        self.assertEqual(reply.headers["Content-Type"], content_type)
        schema = json.loads(json.dumps(media["schema"]).replace('"#/', '"urn:api#/'))
        if content_type == "text/event-stream":
            return None
        validator = jsonschema.Draft202012Validator(schema, registry=self.registry)
        errors = [error.message for error in validator.iter_errors(reply.json())]
        self.assertEqual(errors, [], f"{method} {template}: {reply.body[:2000]}")
        return reply.json()

    def ask(self, template, method, path, status, collector=None, **more):
        reply = (collector or self.collector).call(method.upper(), path, **more)
        self.assertEqual(reply.status, status, f"{method} {path}: {reply.body}")
        return self.hold(template, method, reply)

    def test_everything_documented_is_done(self):
        groups, one = "/v1/groups", "/v1/groups/{id}"
        outcome, entity = "/v1/groups/{id}/outcome", "/v1/groups/{id}/entities/{entity}"
        collector = self.collector

        self.assertEqual(self.ask("/v1/openapi.json", "get", "/v1/openapi.json", 200), self.document)

        # Writes.
        sent = self.ask(groups, "post", groups, 202, body={
            "id": "a/b ü", "expected": ["x", "y", "z"], "ttl": 60, "labels": {"team": "t"}, "payload": [1], "sender": "s",
            "description": "d", "policy": {"tolerate": 1}, "parent": {"group": "p", "entity": "e"},
            "handler": {"onsuccess": {"topic": "out"}}})
        self.assertEqual(sent["id"], "a/b ü")
        made = collector.call("POST", groups, {"expected": ["x"]})
        self.hold(groups, "post", made)
        self.assertEqual(made.headers["Location"], f"/v1/groups/{made.json()['id']}")
        self.ask(entity, "post", "/v1/groups/a%2Fb%20%C3%BC/entities/x", 202, body={"result": {"n": 1}})
        self.ask(entity, "post", "/v1/groups/a%2Fb%20%C3%BC/entities/y", 202, body={"error": {"code": 5}})
        self.ask(one, "patch", "/v1/groups/a%2Fb%20%C3%BC", 202, body={"ttl": 90})
        self.ask(entity, "post", "/v1/groups/early/entities/x", 202, body={})
        self.ask(entity, "post", "/v1/groups/a%2Fb%20%C3%BC/entities/stranger", 202, body={"result": 1})

        # Reads, one of each kind.
        collector.wait_until("a/b ü", lambda g: g.get("missing") == ["z"] and g["ttl"] == 90, "the group to be open")
        opened = self.ask(one, "get", "/v1/groups/a%2Fb%20%C3%BC", 200)
        self.assertEqual(sorted(opened["results"]) + sorted(opened["errors"]), ["x", "y"])
        collector.wait_until("early", lambda g: g["state"] == "waiting", "the early event")
        self.ask(one, "get", "/v1/groups/early", 200)
        self.ask(one, "get", "/v1/groups/unknown", 404)
        self.ask(groups, "get", "/v1/groups?limit=1", 200)
        self.ask(groups, "get", "/v1/groups?order=deadline&label=team:t", 200)
        self.ask(outcome, "get", "/v1/groups/a%2Fb%20%C3%BC/outcome", 204)
        self.ask(outcome, "get", "/v1/groups/unknown/outcome", 404)
        self.ask(one, "delete", "/v1/groups/a%2Fb%20%C3%BC", 202, body={"reason": "enough"})
        self.ask(outcome, "get", "/v1/groups/a%2Fb%20%C3%BC/outcome?wait=20s", 200)
        self.ask(one, "get", "/v1/groups/a%2Fb%20%C3%BC", 200)
        for path in ("x", "y"):
            collector.create(path, ["e"], ttl=0.2)
        self.ask(outcome, "get", "/v1/groups/x/outcome?wait=20s", 200)
        listed = self.ask(groups, "get", "/v1/groups?state=resolved", 200)
        self.assertIn("cancelled", [group.get("cause") for group in listed["groups"]])
        instances = self.ask("/v1/instances", "get", "/v1/instances", 200)["instances"]
        config = self.ask("/v1/config", "get", f"/v1/config?instance={instances[0]['id']}", 200)
        self.assertEqual(config["instance"], instances[0]["id"])
        self.assertIn({"name": "http", "value": "127.0.0.1:0", "source": "--http", "hidden": False}, config["options"])
        self.ask("/v1/config", "get", "/v1/config?instance=nobody", 404)
        collector.wait(lambda: collector.call("GET", "/v1/dead-letters").json()["deadLetters"], "a dead letter")
        letters = self.ask("/v1/dead-letters", "get", "/v1/dead-letters", 200)["deadLetters"]
        self.assertIn("unexpected-entity", [letter["reason"] for letter in letters])
        self.stream_of_events()

        # Refusals.
        plain = {"Content-Type": "text/plain"}
        large = '{"expected":["a"],"payload":"' + "x" * (1 << 20) + '"}'
        for template, method, path in ((groups, "post", groups), (entity, "post", "/v1/groups/g/entities/e"),
                                       (one, "patch", "/v1/groups/g"), (one, "delete", "/v1/groups/g")):
            self.ask(template, method, path, 400, body=[])
            self.ask(template, method, path, 415, raw="{}", headers=plain)
            self.ask(template, method, path, 413, raw=large, headers={"Content-Type": "application/json"})
        for template, path in ((groups, "/v1/groups?limit=x"), (one, f"/v1/groups/{'x' * 600}"),
                               (outcome, "/v1/groups/g/outcome?wait=x"), ("/v1/events", "/v1/events?rate=x"),
                               ("/v1/dead-letters", "/v1/dead-letters?limit=x")):
            self.ask(template, "get", path, 400)
        for template, operations in self.document["paths"].items():
            path = template.replace("{id}", "g").replace("{entity}", "e")
            for method in operations.keys() - {"parameters"}:
                for given in ("", "Bearer wrong", "Basic a token"):
                    self.ask(template, method, path, 401, collector=self.closed, headers={"Authorization": given})
                self.ask(template, method, path, 403, headers={"Host": "example.org"})
                self.ask(template, method, path, 403, headers={"Origin": "http://example.org"})

        # Nothing is documented that wasn't done.
        documented = {(template, method, status) for template, operations in self.document["paths"].items()
                      for method in operations.keys() - {"parameters"} for status in operations[method]["responses"]}
        self.assertEqual({entry for entry in documented - self.seen if entry[2] not in ELSEWHERE}, set())

    def stream_of_events(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.collector.port, timeout=20)
        connection.request("GET", "/v1/events?view=summary&rate=10")
        stream = connection.getresponse()
        self.assertEqual((stream.status, stream.headers["Content-Type"]), (200, "text/event-stream"))
        self.seen.add(("/v1/events", "get", "200"))
        self.collector.create("streamed", ["e"])
        self.collector.settle("streamed", "e", result=1)
        wanted = {"instances": "Instances", "outcome": "ResolvedSummary"}
        name = None
        while wanted:
            line = stream.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: ") and name in wanted:
                schema = {"$ref": f"urn:api#/components/schemas/{wanted.pop(name)}"}
                jsonschema.Draft202012Validator(schema, registry=self.registry).validate(json.loads(line[6:]))
        connection.close()


if __name__ == "__main__":
    unittest.main()
