"""docs/events.asyncapi.yaml against the cases of tests/conformance: it describes the events that the collector takes and the
outcomes that it sends, and doesn't describe those that it refuses."""
import glob
import json
import os
import unittest

import jsonschema
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
COMMANDS = {f"EventGroupCollector{name}" for name in ("Create", "EntityDone", "Update", "Cancel")}
# Cases of events that are refused for what a schema can't say: limits that are options, half of a surrogate pair.
BEYOND_A_SCHEMA = {"A ttl of 2592001 is beyond the longest", "A ttl of 1e400 is beyond the longest", "The longest ttl is an option",
                   "The length of ids is an option", "The number of entities is an option",
                   "An invalid Create without a legible id is dead-lettered only"}


def cases():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/conformance/cases/*.json"))):
        with open(path, encoding="utf-8") as file:
            # Python has no number beyond a double but one that is none; the collector has.
            yield from json.load(file, parse_float=lambda text: min(float(text), 1e300))["cases"]


def whole(outcome):
    """As it is sent: the cases leave out what is as always."""
    made = {"created": "2026-07-17T23:38:21.402Z", "resolved": "2026-07-17T23:38:22.402Z", "results": {}, "payload": None,
            "origin": "eventbus-collector/1/0"}
    made.update({name: value for name, value in outcome.items() if name not in ("create", "headers", "created", "resolved")})
    made["type"] = "EventGroupCollector" + outcome["type"]
    if outcome["type"] == "Failure":
        made.setdefault("entity", outcome["id"])
    return made


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(ROOT, "docs/events.asyncapi.yaml"), encoding="utf-8") as file:
            cls.document = yaml.safe_load(file)
        registry = Registry().with_resource("urn:events", Resource(cls.document, DRAFT7))
        cls.payloads = {
            message["name"]: jsonschema.Draft7Validator({"$ref": f"urn:events#/components/messages/{key}/payload"}, registry=registry)
            for key, message in cls.document["components"]["messages"].items()}
        cls.reasons = cls.document["components"]["messages"]["deadLetter"]["headers"]["properties"]["dlq.reason"]["enum"]

    def faults(self, event):
        return [fault.message for fault in self.payloads[event["type"]].iter_errors(event)]

    def test_every_outcome_is_as_described(self):
        seen = set()
        for case in cases():
            for outcome in case.get("outcomes", []):
                made = whole(outcome)
                with self.subTest(case["name"]):
                    self.assertEqual(self.faults(made), [])
                    self.assertEqual(set(made) - self.properties(made["type"]), set(), "fields that aren't described")
                seen |= set(made)
        described = self.properties("EventGroupCollectorSuccess") | self.properties("EventGroupCollectorFailure")
        self.assertEqual(described - seen, set(), "described, but in no case")

    def properties(self, name):
        found = set()

        def collect(node):
            while "$ref" in node:
                target = self.document
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
                node = target
            found.update(node.get("properties", {}))
            for part in node.get("allOf", []):
                collect(part)

        for message in self.document["components"]["messages"].values():
            if message["name"] == name:
                collect(message["payload"])
        return found

    def test_every_event_that_is_taken_is_described_and_none_that_is_refused(self):
        taken = refused = 0
        for case in cases():
            bad = {letter["step"]: letter for letter in case.get("dead", []) if letter.get("reason", "").startswith("invalid-")}
            for number, step in enumerate(case["steps"]):
                event = step.get("send")
                if not isinstance(event, dict) or event.get("type") not in COMMANDS or "fill" in step:
                    continue
                faults = self.faults(event)
                with self.subTest(case["name"], step=number, event=event):
                    if number not in bad:
                        self.assertEqual(faults, [])
                        taken += 1
                    elif case["name"] not in BEYOND_A_SCHEMA:
                        self.assertNotEqual(faults, [], "refused, but as described")
                        refused += 1
        self.assertGreater(taken, 400)
        self.assertGreater(refused, 40)

    def test_the_reasons_of_dead_letters_are_those_of_the_cases(self):
        given = {letter["reason"] for case in cases() for letter in case.get("dead", [])}
        self.assertEqual(sorted(self.reasons), sorted(given))


if __name__ == "__main__":
    unittest.main()
