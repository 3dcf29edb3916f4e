package bench.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What is stored of an open group: with its results (one value a group), or without them (one entry an entity). */
final class Head {
    long created;
    long deadline;
    long ttl;
    int awaited;
    byte[] payload;
    /** By entity; null while awaited. Empty when the entities have entries of their own. */
    final Map<String, byte[]> results = new LinkedHashMap<>();

    static Serde<Head> serde() {
        return Serdes.serdeFrom((topic, head) -> head == null ? null : head.bytes(),
            (topic, bytes) -> bytes == null ? null : of(bytes));
    }

    private byte[] bytes() {
        int size = 3 * Long.BYTES + 3 * Integer.BYTES + payload.length;
        final byte[][] ids = new byte[results.size()][];
        int at = 0;
        for (final Map.Entry<String, byte[]> entry : results.entrySet()) {
            ids[at] = entry.getKey().getBytes(StandardCharsets.UTF_8);
            size += 2 * Integer.BYTES + ids[at++].length + (entry.getValue() == null ? 0 : entry.getValue().length);
        }
        final ByteBuffer to = ByteBuffer.allocate(size);
        to.putLong(created).putLong(deadline).putLong(ttl).putInt(awaited);
        to.putInt(payload.length).put(payload).putInt(ids.length);
        at = 0;
        for (final byte[] result : results.values()) {
            to.putInt(ids[at].length).put(ids[at++]);
            if (result == null) to.putInt(-1);
            else to.putInt(result.length).put(result);
        }
        return to.array();
    }

    private static Head of(final byte[] bytes) {
        final ByteBuffer from = ByteBuffer.wrap(bytes);
        final Head head = new Head();
        head.created = from.getLong();
        head.deadline = from.getLong();
        head.ttl = from.getLong();
        head.awaited = from.getInt();
        head.payload = take(from, from.getInt());
        for (int left = from.getInt(); left > 0; --left) {
            final String id = new String(take(from, from.getInt()), StandardCharsets.UTF_8);
            final int size = from.getInt();
            head.results.put(id, size < 0 ? null : take(from, size));
        }
        return head;
    }

    private static byte[] take(final ByteBuffer from, final int size) {
        final byte[] bytes = new byte[size];
        from.get(bytes);
        return bytes;
    }
}
