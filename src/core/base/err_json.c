/* err_json - code, words, and whether to try again.
 *
 * Happy path: the members of the table's row. How it fails: as cht_json, by counting on. */

#include "base/err_json.h"

#include "base/err_words.h"

static void put_text(struct cht_json *json, const char *name, const char *text)
{
    cht_json_key(json, name);
    cht_json_text(json, cht_str_of(text));
}

void err_json_write(struct cht_json *json, const struct err_json *error)
{
    enum err err = err_for_client(error->err);
    char words[ERR_WORDS_SIZE];
    cht_json_begin(json, '{');
    cht_json_key(json, "error");
    cht_json_begin(json, '{');
    put_text(json, "code", err_name(err));
    put_text(
        json, "message", error->message ? error->message : err_words(err, error->field, words));
    cht_json_key(json, "retry");
    cht_json_flag(json, err_may_retry(err));
    if (error->field) {
        put_text(json, "field", error->field);
    }
    if (error->retry_after_ms) {
        cht_json_key(json, "retry_after_ms");
        cht_json_u64(json, error->retry_after_ms);
    }
    cht_json_end(json, '}');
    cht_json_end(json, '}');
}
