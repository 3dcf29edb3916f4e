package bench.peer;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Builds the JSON of an outcome. */
final class Verdict {
    private final ByteArrayOutputStream json = new ByteArrayOutputStream(1024);
    private boolean some;

    /** `error` null: a Success. */
    Verdict(final String group, final String entity, final String error, final long created, final long resolved) {
        raw(error == null ? "{\"type\":\"EventGroupCollectorSuccess\",\"id\":" : "{\"type\":\"EventGroupCollectorFailure\",\"id\":");
        text(group);
        if (error != null) {
            raw(",\"entity\":");
            text(entity);
            raw(",\"error\":");
            text(error);
        }
        raw(",\"created\":\"" + Instant.ofEpochMilli(created) + "\",\"resolved\":\"" + Instant.ofEpochMilli(resolved)
            + "\",\"results\":{");
    }

    void result(final String entity, final byte[] value) {
        if (some) json.write(',');
        some = true;
        text(entity);
        json.write(':');
        json.writeBytes(value);
    }

    byte[] close(final byte[] payload) {
        raw("},\"payload\":");
        json.writeBytes(payload);
        json.write('}');
        return json.toByteArray();
    }

    private void raw(final String ascii) {
        json.writeBytes(ascii.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void text(final String value) {
        json.write('"');
        json.writeBytes(JsonStringEncoder.getInstance().quoteAsUTF8(value));
        json.write('"');
    }
}
