/* revoke - tells sessions and all nodes that tokens became void. How it fails: a cast may be lost;
 * sessions is polled. */

#include "user/user_inner.h"

void user_tell_revoked(struct user_service *service, const struct revocation *revocation)
{
    struct cht_revoked event = {
        .user = revocation->user, .device = revocation->device, .version = revocation->version};
    sessions_revoke(service->deps.sessions, revocation);
    struct buf *bytes = buf_create(cht_encoded_size(&cht_row_revoked, &event));
    bytes->size = bytes->capacity;
    cht_encode(&cht_row_revoked, &event, bytes->bytes);
    cast_send(service->deps.cast, bytes);
    buf_unref(bytes);
}
