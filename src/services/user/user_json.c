/* user_json - users as clients see them: an allow-list of members. Nothing here can fail. */

#include "user/user_inner.h"

void user_json_text(struct cht_json *json, const char *name, struct cht_str text)
{
    cht_json_key(json, name);
    cht_json_text(json, text);
}

static void write_names(struct cht_json *json, const struct user *user)
{
    static const struct cht_str gone = {"Deleted user", 12};
    user_json_text(json, "username", user->deleted ? (struct cht_str){"", 0} : user->username);
    user_json_text(json, "display_name", user->deleted ? gone : user->display_name);
    if (user->deleted) {
        cht_json_key(json, "deleted");
        cht_json_flag(json, true);
    }
}

void user_json_write(struct cht_json *json, const struct user *user)
{
    cht_json_begin(json, '{');
    cht_json_key(json, "id");
    cht_json_id(json, &user->id);
    write_names(json, user);
    if (!user->deleted && user->bio.size > 0) {
        user_json_text(json, "bio", user->bio);
    }
    cht_json_key(json, "created");
    cht_json_u64(json, user->created);
    cht_json_end(json, '}');
}

void user_json_beside(struct cht_json *json, const struct user *user)
{
    char id[CHT_ID_TEXT_SIZE + 1] = {0};
    cht_id_to_text(&user->id, id);
    cht_json_key(json, id);
    cht_json_begin(json, '{');
    write_names(json, user);
    cht_json_end(json, '}');
}
