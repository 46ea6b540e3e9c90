#pragma once

/* pulsar_consumer_inner - what the files of a consumer share. */

#include "pulsar_client/pulsar_acks.h"
#include "pulsar_client/pulsar_consumer.h"
#include "pulsar_client/pulsar_handle.h"
#include "pulsar_client/pulsar_inbox.h"

/* A question about an open consumer, that is asked of its broker. */
struct pulsar_question {
    struct asker asker;
    struct pulsar_request request;
    struct op *op; /* whose answer it becomes; NULL: nobody asks */
    bool asking;   /* the request is in flight */
};

struct pulsar_consumer {
    struct pulsar_handle handle; /* first */
    char *subscription;
    char *consumer_name; /* NULL: the broker's */
    enum pulsar_subscription_type type;
    int32_t priority_level;
    bool durable;
    bool creates;
    bool keeps_nothing; /* the topic is not persistent: acknowledgements have no meaning */
    struct pulsar_consumer_limits limits;
    struct source *source;
    struct pulsar_consumer_events *events;

    struct pulsar_position start; /* messages up to it are passed over, */
    bool inclusive;               /* or before it */
    bool filters;                 /* `start` is a message, and not an end of the topic */
    struct pulsar_position last;  /* that was given */
    bool has_last;

    struct pulsar_inbox inbox;
    uint32_t permits; /* to be given back to the broker */
    uint64_t epoch;   /* of pulsar_consumer_redeliver_all */
    struct task pump;
    bool pump_waits;
    bool is_active;
    bool is_terminated; /* the topic; nothing comes behind what is here */
    bool is_suspect;    /* something could not be said: its place is to be taken anew */

    struct pulsar_acks acks;
    struct timer ack_timer;

    struct pulsar_question seek, question;
    bool seek_done; /* it only has to be open again */
};

static inline struct pulsar_consumer *pulsar_consumer_of(struct pulsar_handle *handle)
{
    return container_of(handle, struct pulsar_consumer, handle);
}

/* Writes a command to the broker. False: it is not open, or has no room. */
bool pulsar_consumer_write(struct pulsar_consumer *consumer, const struct pulsar_command *command);

/* Begins at another place: nothing that is here is given any more. */
void pulsar_consumer_begin_at(
    struct pulsar_consumer *consumer, const struct pulsar_position *position, bool inclusive);

/* ---- pulsar_questions.c */
void pulsar_questions_init(struct pulsar_consumer *consumer);

bool pulsar_questions_are_asked(const struct pulsar_consumer *consumer);

/* It is open (again): a seek is over. */
void pulsar_questions_on_ready(struct pulsar_consumer *consumer);

/* It has ended: who still waits is answered, later in the turn. */
void pulsar_questions_end(struct pulsar_consumer *consumer);
