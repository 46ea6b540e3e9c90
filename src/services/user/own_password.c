/* own_password - somebody who is signed in shows the password once more.
 *
 * Happy path: a try and a place in the line for hashes are taken, the password is looked at, the
 * place is given back. How it fails: too many tries are rate_limited; a try at which nobody looked
 * is given back, since it was no wrong password. */

#include "user/user_inner.h"

static struct limit_of limit_of_tries(const struct user_call *call, char who[CHT_ID_TEXT_SIZE + 1])
{
    uint64_t burst = call->service->deps.settings->login_failures;
    cht_id_to_text(&call->identity.user, who);
    return (struct limit_of){"password", who, NULL, burst, burst ? 900000 / burst : 0};
}

void own_password_take(struct user_call *call, struct own_password *own)
{
    char who[CHT_ID_TEXT_SIZE + 1] = {0};
    struct limit_of tries = limit_of_tries(call, who);
    user_place_take(call, &own->place);
    user_limit_take(call, &own->tries, &tries);
}

bool own_password_holds(struct user_call *call, struct own_password *own)
{
    bool place = user_limit_holds(call, &own->place);
    if (!user_limit_holds(call, &own->tries) && place) {
        user_place_give_back(call, &own->place);
    }
    return call->flow.err == OK;
}

void own_password_judged(struct user_call *call, struct own_password *own, enum err err)
{
    char who[CHT_ID_TEXT_SIZE + 1] = {0};
    struct limit_of tries = limit_of_tries(call, who);
    user_place_give_back(call, &own->place);
    if (err != OK && err != ERR_FORBIDDEN) {
        user_limit_give_one(call, &own->tries, &tries);
    }
}

void own_password_forgive(struct user_call *call, struct own_password *own)
{
    char who[CHT_ID_TEXT_SIZE + 1] = {0};
    struct limit_of tries = limit_of_tries(call, who);
    user_limit_give_all(call, &own->tries, &tries);
}
