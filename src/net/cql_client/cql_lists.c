/* cql_lists - lists of asks, which are their own places.
 *
 * Happy path: an ask is added, and leaves when its turn has come or its deadline. How it fails: an
 * ask in two lists is a defect of the program. */

#include "cql_client/cql_inner.h"

static void join(struct cql_ask_list *list, struct cql_ask *ask)
{
    CHECK(!ask->list);
    ask->list = list;
    list->count++;
}

void cql_list_add(struct cql_ask_list *list, struct cql_ask *ask)
{
    join(list, ask);
    ask->previous = list->last;
    ask->next = NULL;
    *(list->last ? &list->last->next : &list->first) = ask;
    list->last = ask;
}

void cql_list_add_first(struct cql_ask_list *list, struct cql_ask *ask)
{
    join(list, ask);
    ask->next = list->first;
    ask->previous = NULL;
    *(list->first ? &list->first->previous : &list->last) = ask;
    list->first = ask;
}

void cql_list_leave(struct cql_ask *ask)
{
    struct cql_ask_list *list = ask->list;
    if (list) {
        *(ask->previous ? &ask->previous->next : &list->first) = ask->next;
        *(ask->next ? &ask->next->previous : &list->last) = ask->previous;
        list->count--;
        ask->list = NULL;
        ask->next = ask->previous = NULL;
    }
}
