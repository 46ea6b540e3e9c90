/* message_topics - what message says and hears on the bus; the process compares it with topics.def
 * at its start. Nothing here can fail. */

#include "message/message.h"
#include "ports/topics.h"

static const struct topic_use uses[] = {
    {TOPIC_HEARS, "room_log", "record"},
    {TOPIC_SAYS, "mail_pages", "reply roster circles"},
    {TOPIC_HEARS, "mail_work", "command roster_query circles_query"},
    {TOPIC_SAYS, "control", "wanted"},
    {TOPIC_HEARS, "control", "wanted"},
};

const struct topic_service message_topics = {"message", uses, sizeof(uses) / sizeof(uses[0])};
