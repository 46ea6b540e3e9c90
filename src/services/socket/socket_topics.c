/* socket_topics - what socket says and hears on the bus; the process compares it with topics.def at
 * its start. Nothing here can fail. */

#include "ports/topics.h"
#include "socket/socket.h"

static const struct topic_use uses[] = {
    {TOPIC_SAYS, "room_commands", "command"},
    {TOPIC_SAYS, "mail_live", "replaced"},
    {TOPIC_HEARS, "mail_live", "delivery reply heads subscribed ephemeral joined replaced"},
    {TOPIC_HEARS, "mail_pages", "reply roster circles"},
    {TOPIC_SAYS, "mail_work", "subscribe resend command roster_query circles_query"},
    {TOPIC_SAYS, "control", "hello draining presences"},
    {TOPIC_HEARS, "control", "claimed revoked presences joined blocked"},
};

const struct topic_service socket_topics = {"socket", uses, sizeof(uses) / sizeof(uses[0])};
