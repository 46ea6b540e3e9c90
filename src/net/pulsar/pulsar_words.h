#pragma once

/* pulsar_words - the numbers that stand for words in the commands. A field of kind `word` holds any
 * number: newer brokers have words that are not here, and what a reader does about one is its own
 * decision. */

enum pulsar_lookup_outcome {
    PULSAR_LOOKUP_REDIRECT = 0, /* ask again there, with the `authoritative` that was answered */
    PULSAR_LOOKUP_CONNECT = 1,
    PULSAR_LOOKUP_FAILED = 2,
};

enum pulsar_partitions_outcome { PULSAR_PARTITIONS_SUCCESS = 0, PULSAR_PARTITIONS_FAILED = 1 };

enum pulsar_access_mode {
    PULSAR_ACCESS_SHARED = 0,
    PULSAR_ACCESS_EXCLUSIVE = 1,
    PULSAR_ACCESS_WAIT_FOR_EXCLUSIVE = 2,
    PULSAR_ACCESS_EXCLUSIVE_WITH_FENCING = 3,
};

enum pulsar_subscription_type {
    PULSAR_SUBSCRIPTION_EXCLUSIVE = 0,
    PULSAR_SUBSCRIPTION_SHARED = 1,
    PULSAR_SUBSCRIPTION_FAILOVER = 2,
    PULSAR_SUBSCRIPTION_KEY_SHARED = 3,
};

enum pulsar_initial_position { PULSAR_POSITION_LATEST = 0, PULSAR_POSITION_EARLIEST = 1 };

enum pulsar_key_shared_mode { PULSAR_KEY_SHARED_AUTO_SPLIT = 0, PULSAR_KEY_SHARED_STICKY = 1 };

enum pulsar_ack_type { PULSAR_ACK_INDIVIDUAL = 0, PULSAR_ACK_CUMULATIVE = 1 };

/* Why a message is acknowledged that could not be used. */
enum pulsar_validation_error {
    PULSAR_VALIDATION_UNCOMPRESSED_SIZE = 0,
    PULSAR_VALIDATION_DECOMPRESSION = 1,
    PULSAR_VALIDATION_CHECKSUM = 2,
    PULSAR_VALIDATION_BATCH = 3,
    PULSAR_VALIDATION_DECRYPTION = 4,
};

enum pulsar_compression {
    PULSAR_COMPRESSION_NONE = 0,
    PULSAR_COMPRESSION_LZ4 = 1, /* a raw block */
    PULSAR_COMPRESSION_ZLIB = 2,
    PULSAR_COMPRESSION_ZSTD = 3, /* one frame */
    PULSAR_COMPRESSION_SNAPPY = 4,
};

enum pulsar_schema_type {
    PULSAR_SCHEMA_NONE = 0,
    PULSAR_SCHEMA_STRING = 1,
    PULSAR_SCHEMA_JSON = 2, /* described by an Avro record in JSON */
    PULSAR_SCHEMA_PROTOBUF = 3,
    PULSAR_SCHEMA_AVRO = 4,
};

enum pulsar_resource_type { PULSAR_RESOURCE_PRODUCER = 0, PULSAR_RESOURCE_CONSUMER = 1 };

/* The request_id of what nobody asked for: a broker that closes a producer or a consumer, or an
 * ERROR before CONNECTED. */
#define PULSAR_REQUEST_NONE UINT64_MAX

/* Ledger and entry of a message id: before the first message of a topic, and of the receipt for a
 * message that was stored already. */
#define PULSAR_POSITION_NONE UINT64_MAX

/* Ledger and entry of the position behind the last message. */
#define PULSAR_POSITION_END ((uint64_t)INT64_MAX)
