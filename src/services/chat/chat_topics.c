/* chat_topics - what chat says and hears on the bus; the process compares it with topics.def at its
 * start. Nothing here can fail. */

#include "chat/chat.h"
#include "ports/topics.h"

static const struct topic_use uses[] = {
    {TOPIC_HEARS, "room_commands", "command"},
    {TOPIC_SAYS, "room_log", "record"},
    {TOPIC_HEARS, "room_log", "record"},
    {TOPIC_SAYS, "mail_live", "delivery reply heads subscribed ephemeral joined"},
    {TOPIC_HEARS, "mail_work", "subscribe resend command"},
    {TOPIC_SAYS, "control", "claimed joined wanted"},
    {TOPIC_HEARS, "control", "hello blocked"},
};

const struct topic_service chat_topics = {"chat", uses, sizeof(uses) / sizeof(uses[0])};
