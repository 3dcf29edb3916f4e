"""Opens a group of three jobs, reports each of them, and waits for the one outcome.

BROKERS and TOPIC name the bus. Exit code 0 on Success, 1 on Failure, 2 when nothing came.
"""

import json
import os
import sys
import time
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition

BROKERS = os.environ.get("BROKERS", "localhost:9092")
TOPIC = os.environ.get("TOPIC", "eventbus-collector")


def listen():
    """Reads from the present on, committed records only. Before the Create is sent, so that nothing is missed."""
    consumer = Consumer(
        {
            "bootstrap.servers": BROKERS,
            "group.id": f"waiter-{uuid.uuid4()}",  # never committed to: each waiter sees everything
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    ends = []
    for number in partitions:
        _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=10)
        ends.append(TopicPartition(TOPIC, number, end))
    consumer.assign(ends)
    return consumer


def wait_for(consumer, group, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is None or message.error() or message.value() is None:
            continue
        try:
            event = json.loads(message.value())
        except ValueError:
            continue  # somebody else's; it is a shared bus
        if not isinstance(event, dict) or event.get("id") != group:
            continue
        if event.get("type") in ("EventGroupCollectorSuccess", "EventGroupCollectorFailure"):
            return event
    return None


def main():
    group = f"order-{uuid.uuid4()}"
    consumer = listen()

    # The key is the group's id, spread over the partitions as Java's producers do it.
    producer = Producer({"bootstrap.servers": BROKERS, "partitioner": "murmur2_random"})

    def send(event):
        producer.produce(TOPIC, key=group, value=json.dumps(event))

    jobs = ["payment", "stock", "label"]
    send(
        {
            "id": group,
            "type": "EventGroupCollectorCreate",
            "expected": jobs,
            "ttl": 30,
            "payload": {"order": 7},
        }
    )
    for job in jobs:
        send({"id": job, "type": "EventGroupCollectorEntityDone", "group": group, "result": {"ok": True}})
    producer.flush(10)

    outcome = wait_for(consumer, group, 40)
    consumer.close()
    if outcome is None:
        print(f"no outcome of {group}", file=sys.stderr)
        return 2
    print(json.dumps(outcome))
    return 0 if outcome["type"] == "EventGroupCollectorSuccess" else 1


if __name__ == "__main__":
    sys.exit(main())
