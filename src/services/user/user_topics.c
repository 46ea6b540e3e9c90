/* user_topics - what user says and hears on the bus; the process compares it with topics.def at its
 * start. Nothing here can fail. */

#include "ports/topics.h"
#include "user/user.h"

static const struct topic_use uses[] = {
    {TOPIC_SAYS, "room_commands", "command"},
    {TOPIC_HEARS, "mail_live", "reply"},
    {TOPIC_SAYS, "mail_pages", "reply"},
    {TOPIC_HEARS, "mail_pages", "roster"},
    {TOPIC_SAYS, "mail_work", "roster_query"},
    {TOPIC_HEARS, "mail_work", "command"},
    {TOPIC_SAYS, "control", "revoked blocked"},
};

const struct topic_service user_topics = {"user", uses, sizeof(uses) / sizeof(uses[0])};
