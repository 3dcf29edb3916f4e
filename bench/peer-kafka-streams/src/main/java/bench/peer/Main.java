package bench.peer;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.Stores;

/** Arguments: name=value. Those of ours have no dot; the others are settings of Kafka Streams. */
public final class Main {
    public static void main(final String[] arguments) throws InterruptedException {
        final Properties ours = new Properties();
        final Properties settings = new Properties();
        for (final String argument : arguments) {
            final int sign = argument.indexOf('=');
            final String name = argument.substring(0, sign);
            (name.contains(".") ? settings : ours).put(name, argument.substring(sign + 1));
        }
        final KafkaStreams streams = new KafkaStreams(topology(ours), settings);
        streams.setStateListener((now, before) -> System.out.println("STATE " + now));
        streams.setUncaughtExceptionHandler(fault -> {
            fault.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        final CountDownLatch end = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close(Duration.ofSeconds(20));
            end.countDown();
        }));
        streams.start();
        end.await();
    }

    private static Topology topology(final Properties ours) {
        final boolean perEntity = ours.getProperty("layout", "group").equals("entity");
        final Topology topology = new Topology();
        topology.addSource("in", new StringDeserializer(), new ByteArrayDeserializer(), ours.getProperty("input"));
        topology.addProcessor("collector", () -> new Collector(perEntity), "in");
        topology.addStateStore(Stores.keyValueStoreBuilder(disk(Collector.HEADS), Serdes.String(), Head.serde())
            .withCachingEnabled(), "collector");
        topology.addStateStore(Stores.keyValueStoreBuilder(disk(Collector.DEADLINES), Serdes.Bytes(), Serdes.ByteArray())
            .withCachingEnabled(), "collector");
        if (perEntity) {
            topology.addStateStore(Stores.keyValueStoreBuilder(disk(Collector.ENTITIES), Serdes.Bytes(), Serdes.ByteArray())
                .withCachingEnabled(), "collector");
        }
        topology.addSink("out", ours.getProperty("output"), new StringSerializer(), new ByteArraySerializer(), "collector");
        return topology;
    }

    private static KeyValueBytesStoreSupplier disk(final String name) {
        return Stores.persistentKeyValueStore(name);
    }
}
