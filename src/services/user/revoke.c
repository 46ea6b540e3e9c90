/* revoke - tells sessions and all nodes that tokens became void. How it fails: a cast may be lost;
 * sessions is polled. */

#include "base/event_buf.h"
#include "user/user_inner.h"

void user_tell_revoked(struct user_service *service, const struct revocation *revocation)
{
    struct cht_revoked event = {
        .user = revocation->user, .device = revocation->device, .version = revocation->version};
    sessions_revoke(service->deps.sessions, revocation);
    struct buf *bytes = event_buf_encode(&cht_row_revoked, &event);
    cast_send(service->deps.cast, bytes);
    buf_unref(bytes);
}
