/* wiring - the tables of all services against topics.def.
 *
 * Happy path: they agree. How it fails: one line names the first word that does not fit, and the
 * process does not start. */

#include "wiring.h"

#include "chat/chat.h"
#include "message/message.h"
#include "ports/topics.h"
#include "socket/socket.h"
#include "user/user.h"

enum err wiring_check(struct logger *logger)
{
    static const struct topic_service *const services[] = {
        &chat_topics, &message_topics, &socket_topics, &user_topics};
    struct topics topics = {
        .services = services, .service_count = sizeof(services) / sizeof(services[0])};
    char line[TOPICS_LINE_SIZE];
    topics.rows = topics_rows(&topics.row_count);
    enum err err = topics_check(&topics, line);
    if (err != OK) {
        LOG_ERROR(logger, "topics.wrong", "%s", line);
    }
    return err;
}
