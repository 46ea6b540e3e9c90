/* view - see the header. Happy path: two looks that agree. How it fails: NOT_FOUND, also if the
 * membership is another one by then. */

#include "cassandra/view.h"

void view_ask(struct view *view, struct call *call)
{
    room_row_ask(call->store, &view->room_ask, view->room);
    call_ask(call, &view->room_ask);
    view_ask_again(view, call);
}

/* Members of a room that is over are taken out of it one after the other. */
static bool is_member(const struct view *view)
{
    return view->mine.is_there && view->row.gone_seq <= view->mine.changed_seq;
}

bool view_take(struct view *view, struct call *call, struct arena *arena, uint64_t *from_seq)
{
    enum err err = room_first(&view->room_ask, arena, &view->row);
    if (err == OK && view->reader) {
        err = mine_first(&view->mine_ask, &view->mine);
        err = err == OK && !is_member(view) ? ERR_NOT_FOUND : err;
    }
    if (err != OK) {
        flow_fail(&call->flow, err);
        return false;
    }
    bool from_joined = view->reader && view->row.meta.history == cht_history_from_joined;
    uint64_t first = from_joined ? view->mine.joined_seq : 1;
    *from_seq = *from_seq > first ? *from_seq : first;
    return true;
}

void view_ask_again(struct view *view, struct call *call)
{
    if (view->reader) {
        mine_row_ask(call->store, &view->mine_ask, view->reader, view->room);
        call_ask(call, &view->mine_ask);
    }
}

enum err view_take_again(struct view *view)
{
    uint64_t joined_seq = view->mine.joined_seq;
    enum err err = view->reader ? mine_first(&view->mine_ask, &view->mine) : OK;
    if (err != OK || !view->reader) {
        return err;
    }
    return is_member(view) && view->mine.joined_seq == joined_seq ? OK : ERR_NOT_FOUND;
}

void view_deinit(struct view *view)
{
    cql_ask_deinit(&view->room_ask);
    cql_ask_deinit(&view->mine_ask);
}
