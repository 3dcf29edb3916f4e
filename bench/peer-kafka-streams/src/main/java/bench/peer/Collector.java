package bench.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** Policy `all`: one Success when all results are there, one Failure at the first error or when the time is over. */
final class Collector implements Processor<String, byte[], String, byte[]> {
    static final String HEADS = "heads";
    static final String DEADLINES = "deadlines";
    static final String ENTITIES = "entities";
    private static final byte[] AWAITED = {0};

    /** An entry an entity, so that an event doesn't rewrite the whole group; else one value a group. */
    private final boolean perEntity;
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, Head> heads;
    private KeyValueStore<Bytes, byte[]> deadlines;
    private KeyValueStore<Bytes, byte[]> entities;
    private long searchedUntil;

    Collector(final boolean perEntity) {
        this.perEntity = perEntity;
    }

    @Override
    public void init(final ProcessorContext<String, byte[]> given) {
        context = given;
        heads = context.getStateStore(HEADS);
        deadlines = context.getStateStore(DEADLINES);
        if (perEntity) entities = context.getStateStore(ENTITIES);
        context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::endOverdue);
    }

    @Override
    public void process(final Record<String, byte[]> record) {
        final Command command = Command.read(record.value());
        if (command == null) return;
        if (command.create) {
            create(command);
        } else {
            done(command);
        }
    }

    private void create(final Command command) {
        if (heads.get(command.id) != null) return;
        final Head head = new Head();
        head.created = context.currentSystemTimeMs();
        head.ttl = command.ttl;
        head.deadline = head.created + command.ttl * 1000;
        head.payload = command.payload;
        head.awaited = command.expected.size();
        for (final String entity : command.expected) {
            if (perEntity) {
                entities.put(entityKey(command.id, entity), AWAITED);
            } else {
                head.results.put(entity, null);
            }
        }
        heads.put(command.id, head);
        deadlines.put(deadlineKey(head.deadline, command.id), AWAITED);
    }

    private void done(final Command command) {
        final Head head = heads.get(command.group);
        if (head == null) return;
        final Bytes key = perEntity ? entityKey(command.group, command.id) : null;
        if (perEntity) {
            final byte[] before = entities.get(key);
            if (before == null || before[0] != AWAITED[0]) return;
        } else if (!head.results.containsKey(command.id) || head.results.get(command.id) != null) {
            return;
        }
        if (command.error != null) {
            end(command.group, head, command.id, command.error);
            return;
        }
        if (perEntity) {
            final byte[] settled = new byte[1 + command.result.length];
            settled[0] = 1;
            System.arraycopy(command.result, 0, settled, 1, command.result.length);
            entities.put(key, settled);
        } else {
            head.results.put(command.id, command.result);
        }
        if (--head.awaited > 0) {
            heads.put(command.group, head);
        } else {
            end(command.group, head, null, null);
        }
    }

    private void end(final String group, final Head head, final String entity, final String error) {
        final long now = context.currentSystemTimeMs();
        final Verdict verdict = new Verdict(group, entity, error, head.created, now);
        if (perEntity) {
            takeEntities(group, verdict);
        } else {
            head.results.forEach((id, result) -> {
                if (result != null) verdict.result(id, result);
            });
        }
        heads.delete(group);
        deadlines.delete(deadlineKey(head.deadline, group));
        context.forward(new Record<>(group, verdict.close(head.payload), now));
    }

    private void takeEntities(final String group, final Verdict verdict) {
        final List<Bytes> keys = new ArrayList<>();
        final byte[] prefix = entityKey(group, "").get();
        try (KeyValueIterator<Bytes, byte[]> all = entities.prefixScan(prefix, new ByteArraySerializer())) {
            while (all.hasNext()) {
                final KeyValue<Bytes, byte[]> one = all.next();
                final byte[] key = one.key.get();
                keys.add(one.key);
                if (one.value[0] == AWAITED[0]) continue;
                verdict.result(new String(key, prefix.length, key.length - prefix.length, StandardCharsets.UTF_8),
                    Arrays.copyOfRange(one.value, 1, one.value.length));
            }
        }
        keys.forEach(entities::delete);
    }

    private void endOverdue(final long now) {
        final List<Bytes> due = new ArrayList<>();
        try (KeyValueIterator<Bytes, byte[]> some = deadlines.range(deadlineKey(searchedUntil, ""), deadlineKey(now, ""))) {
            while (some.hasNext()) due.add(some.next().key);
        }
        for (final Bytes key : due) {
            final String group = new String(key.get(), Long.BYTES, key.get().length - Long.BYTES, StandardCharsets.UTF_8);
            final Head head = heads.get(group);
            if (head != null) end(group, head, group, "Operation timed out after " + head.ttl + " seconds");
        }
        // Not the present: the next Create of this millisecond may still come.
        searchedUntil = Math.max(searchedUntil, now - 1000);
    }

    private static Bytes deadlineKey(final long deadline, final String group) {
        final byte[] id = group.getBytes(StandardCharsets.UTF_8);
        return Bytes.wrap(ByteBuffer.allocate(Long.BYTES + id.length).putLong(deadline).put(id).array());
    }

    private static Bytes entityKey(final String group, final String entity) {
        return Bytes.wrap((group + '\0' + entity).getBytes(StandardCharsets.UTF_8));
    }
}
