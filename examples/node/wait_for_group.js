// Opens a group of three jobs, reports each of them, and waits for the one outcome. BROKERS and TOPIC name the bus. Exit
// code 0 on Success, 1 on Failure, 2 when nothing came.
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners } from 'kafkajs';

const brokers = (process.env.BROKERS ?? 'localhost:9092').split(',');
const topic = process.env.TOPIC ?? 'eventbus-collector';
const group = `order-${randomUUID()}`;
const kafka = new Kafka({ clientId: 'wait-for-group', brokers, logLevel: logLevel.ERROR });

// Listen first, from the present on: so the outcome can't be missed. KafkaJS reads committed records only.
const consumer = kafka.consumer({ groupId: `waiter-${randomUUID()}` });
await consumer.connect();
await consumer.subscribe({ topic });
const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
let found;
const outcome = new Promise((resolve) => { found = resolve; });
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ message }) => {
    let event;
    try {
      event = JSON.parse(message.value?.toString() ?? 'null');
    } catch {
      return; // somebody else's; it is a shared bus
    }
    if (event?.id === group && /^EventGroupCollector(Success|Failure)$/.test(event.type)) found(event);
  },
});
await joined;
// Joined is not yet reading: the position of each partition is asked for with the first fetch.
await new Promise((resolve) => setTimeout(resolve, 2000));

// The default partitioner since KafkaJS 2 is Java's: the group's id as key is all it takes.
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
const send = (event) => producer.send({ topic, messages: [{ key: group, value: JSON.stringify(event) }] });
const jobs = ['payment', 'stock', 'label'];
await send({ id: group, type: 'EventGroupCollectorCreate', expected: jobs, ttl: 30, payload: { order: 7 } });
for (const job of jobs) {
  await send({ id: job, type: 'EventGroupCollectorEntityDone', group, result: { ok: true } });
}

const limit = new Promise((resolve) => setTimeout(resolve, 40_000, null));
const event = await Promise.race([outcome, limit]);
console[event ? 'log' : 'error'](event ? JSON.stringify(event) : `no outcome of ${group}`);
await Promise.allSettled([consumer.disconnect(), producer.disconnect()]);
process.exit(event === null ? 2 : event.type === 'EventGroupCollectorSuccess' ? 0 : 1);
