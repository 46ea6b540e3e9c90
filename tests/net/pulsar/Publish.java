import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.CompressionType;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Schema;

/**
 * Publishes a batch of three for each kind of compression, by Pulsar's own client: to java_none, java_lz4 and so on. record.py runs it.
 *
 * Happy path: it ends with 0 when all are stored. How it fails: with an exception.
 */
public final class Publish {
    private Publish() {
    }

    private static void publish(PulsarClient client, CompressionType kind) throws Exception {
        String name = "java_" + kind.name().toLowerCase();
        try (Producer<byte[]> producer = client.newProducer(Schema.BYTES).topic("persistent://public/default/" + name).producerName(name)
                .compressionType(kind).enableBatching(true).batchingMaxMessages(3)
                .batchingMaxPublishDelay(5, TimeUnit.SECONDS).create()) {
            for (int i = 0; i < 3; i++) {
                byte[] text = ("What the Java client says, number " + i + ", again and again and again.").getBytes("UTF-8");
                producer.newMessage().key("room-" + i).property("number", Integer.toString(i)).eventTime(1700000000000L + i)
                        .value(i == 2 ? null : text).sendAsync();
            }
            producer.flush();
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (PulsarClient client = PulsarClient.builder().serviceUrl("pulsar://127.0.0.1:" + arguments[0]).build()) {
            for (CompressionType kind : CompressionType.values()) {
                publish(client, kind);
            }
        }
    }
}
