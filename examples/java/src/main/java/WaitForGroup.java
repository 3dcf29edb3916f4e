import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Opens a group of three jobs, reports each of them, and waits for the one outcome. BROKERS and TOPIC name the bus. Exit
 * code 0 on Success, 1 on Failure, 2 when nothing came.
 */
public final class WaitForGroup {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BROKERS = System.getenv().getOrDefault("BROKERS", "localhost:9092");
  private static final String TOPIC = System.getenv().getOrDefault("TOPIC", "eventbus-collector");

  public static void main(String[] args) throws Exception {
    String group = "order-" + UUID.randomUUID();
    try (KafkaConsumer<String, String> consumer = listen();
        KafkaProducer<String, String> producer = producer()) {
      List<String> jobs = List.of("payment", "stock", "label");
      send(producer, group, Map.of("id", group, "type", "EventGroupCollectorCreate", "expected", jobs, "ttl", 30,
          "payload", Map.of("order", 7)));
      for (String job : jobs) {
        send(producer, group, Map.of("id", job, "type", "EventGroupCollectorEntityDone", "group", group, "result",
            Map.of("ok", true)));
      }
      producer.flush();
      JsonNode outcome = waitFor(consumer, group, Duration.ofSeconds(40));
      if (outcome == null) {
        System.err.println("no outcome of " + group);
        System.exit(2);
      }
      System.out.println(outcome);
      System.exit(outcome.get("type").asText().equals("EventGroupCollectorSuccess") ? 0 : 1);
    }
  }

  /** From the present on, before the Create is sent. Java's consumers read uncommitted records unless told not to. */
  private static KafkaConsumer<String, String> listen() {
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", BROKERS, "isolation.level", "read_committed", "enable.auto.commit", "false"),
        new StringDeserializer(), new StringDeserializer());
    List<TopicPartition> partitions = consumer.partitionsFor(TOPIC).stream()
        .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position); // it seeks only now
    return consumer;
  }

  /** Java's own partitioner is the one that the collector's homes go by: the group's id as key is all it takes. */
  private static KafkaProducer<String, String> producer() {
    return new KafkaProducer<>(Map.of("bootstrap.servers", BROKERS), new StringSerializer(), new StringSerializer());
  }

  private static void send(KafkaProducer<String, String> producer, String group, Map<String, ?> event)
      throws Exception {
    producer.send(new ProducerRecord<>(TOPIC, group, JSON.writeValueAsString(event)));
  }

  private static JsonNode waitFor(KafkaConsumer<String, String> consumer, String group, Duration limit) {
    Instant deadline = Instant.now().plus(limit);
    while (Instant.now().isBefore(deadline)) {
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
        if (record.value() == null) {
          continue;
        }
        JsonNode event;
        try {
          event = JSON.readTree(record.value());
        } catch (Exception somebodyElses) {
          continue;
        }
        String type = event.path("type").asText();
        boolean outcome = type.equals("EventGroupCollectorSuccess") || type.equals("EventGroupCollectorFailure");
        if (outcome && event.path("id").asText().equals(group)) {
          return event;
        }
      }
    }
    return null;
  }
}
