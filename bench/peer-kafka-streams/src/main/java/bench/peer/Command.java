package bench.peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A Create or an EntityDone, read in one pass; payload and result stay the bytes that came. */
final class Command {
    private static final JsonFactory FACTORY = new JsonFactory();
    static final byte[] NULL = {'n', 'u', 'l', 'l'};

    boolean create;
    String id;
    String group;
    String error;
    long ttl = 30;
    byte[] payload = NULL;
    byte[] result = NULL;
    final List<String> expected = new ArrayList<>();

    /** Null: nothing for us. */
    static Command read(final byte[] value) {
        if (value == null) return null;
        final Command command = new Command();
        boolean known = false;
        try (JsonParser json = FACTORY.createParser(value)) {
            if (json.nextToken() != JsonToken.START_OBJECT) return null;
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                json.nextToken();
                switch (name) {
                    case "id" -> command.id = json.getText();
                    case "group" -> command.group = json.getText();
                    case "ttl" -> command.ttl = json.getValueAsLong(30);
                    case "error" -> command.error = json.currentToken() == JsonToken.VALUE_NULL ? null : json.getText();
                    case "payload" -> command.payload = slice(json, value);
                    case "result" -> command.result = slice(json, value);
                    case "expected" -> {
                        while (json.nextToken() != JsonToken.END_ARRAY) command.expected.add(json.getText());
                    }
                    case "type" -> {
                        command.create = json.getText().equals("EventGroupCollectorCreate");
                        known = command.create || json.getText().equals("EventGroupCollectorEntityDone");
                    }
                    default -> json.skipChildren();
                }
            }
        } catch (final IOException notJson) {
            return null;
        }
        final boolean whole = command.id != null && (command.create ? !command.expected.isEmpty() : command.group != null);
        return known && whole ? command : null;
    }

    private static byte[] slice(final JsonParser json, final byte[] value) throws IOException {
        final int from = (int) json.currentTokenLocation().getByteOffset();
        json.skipChildren();
        json.finishToken();
        return Arrays.copyOfRange(value, from, (int) json.currentLocation().getByteOffset());
    }
}
