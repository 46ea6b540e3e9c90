/* log_find - a place shortly before an index.
 *
 * Happy path: a signpost, or the end of a page that was read, is near, and nothing is asked. Else
 * both ends of the topic are looked at, then a place before its last record, and after that the
 * place is sought between what is known: Pulsar's positions are a number of a ledger, of which most
 * do not exist, and of an entry in it, of which all do up to its last. A look at a place that does
 * not exist finds the next one that does. So each look halves what is left of the numbers, first of
 * ledgers, then of entries; an entry has one record at least, which says how far the wanted one may
 * be at most. How it fails: a look that fails is the answer. Repeats of records make it begin
 * earlier than it had to, no more.
 */

#include "base/mem.h"
#include "pulsar/log_pulsar_inner.h"

#define NEAR 1024u     /* so many records are read rather than looked for again */
#define LOOKS_MAX 160u /* two numbers of 64 bits, and some */

struct find {
    struct log_job job; /* first */
    struct flow flow;
    struct log_topic *topic;
    struct log_find_op *op;
    struct log_look_op look;
    struct signpost low;         /* at or before what is wanted; index 0: none is known */
    struct pulsar_position high; /* what is wanted is before that */
    uint32_t looks;
};

static struct find *find_of(struct flow *flow)
{
    return container_of(flow, struct find, flow);
}

static void ask_look(struct find *find, struct pulsar_position start)
{
    find->look.start = start;
    find->look.wants_record = true;
    log_look(find->topic, &find->flow.asker, &find->look);
}

static bool is_near(const struct find *find)
{
    return find->low.index > 0 && find->op->index - find->low.index <= NEAR;
}

static void look_at_ends(struct flow *flow)
{
    struct find *find = find_of(flow);
    const struct signpost *post = log_topic_floor(find->topic, find->op->index);
    if (post) {
        find->low = *post;
    }
    if (is_near(find)) {
        flow_skip_to_end(flow);
        return;
    }
    ask_look(find, post ? post->position : pulsar_position_earliest());
}

/* What is wanted is often near the end. */
static void look_at_last(struct flow *flow)
{
    struct find *find = find_of(flow);
    const struct log_look_op *look = &find->look;
    if (!look->has_record) {
        flow_skip_to_end(flow); /* it begins with whatever comes */
        return;
    }
    find->low = (struct signpost){look->index, look->at};
    if (look->index >= find->op->index) {
        flow_skip_to_end(flow);
        return;
    }
    ask_look(find, (struct pulsar_position){look->last.ledger, look->last.entry, -1, 0});
}

/* As many entries before the last one as records would be before its first: an entry has one at
 * least. */
static void look_before_last(struct flow *flow)
{
    struct find *find = find_of(flow);
    struct log_look_op *look = &find->look;
    if (look->has_record && look->index <= find->op->index) {
        find->low = (struct signpost){look->index, look->at};
        flow_skip_to_end(flow);
        return;
    }
    find->high = look->start;
    uint64_t back = look->has_record ? look->index - find->op->index : 0;
    struct pulsar_position guess = {look->start.ledger, look->start.entry - back, -1, 0};
    if (back > 0 && back <= look->start.entry &&
        pulsar_position_compare(&guess, &find->low.position) > 0) {
        find->looks = 1;
        ask_look(find, guess);
    }
}

/* ---- between both ends */

static bool choose_entry(struct find *find, struct pulsar_position *ret_middle)
{
    const struct pulsar_position *low = &find->low.position;
    uint64_t farthest = low->entry + (find->op->index - find->low.index) + 1;
    if (find->high.entry > farthest) {
        find->high.entry = farthest;
    }
    uint64_t between = find->high.entry > low->entry ? find->high.entry - low->entry : 0;
    *ret_middle = (struct pulsar_position){low->ledger, low->entry + between / 2, -1, 0};
    return between > 1;
}

/* Where to look next; false: there is no place between. */
static bool choose(struct find *find, struct pulsar_position *ret_middle)
{
    uint64_t low = find->low.position.ledger, high = find->high.ledger;
    if (high < low) {
        return false;
    }
    if (high == low) {
        return choose_entry(find, ret_middle);
    }
    if (high - low > 1 || find->high.entry > 0) {
        uint64_t middle = high - low > 1 ? low + (high - low) / 2 : high;
        *ret_middle = (struct pulsar_position){middle, 0, -1, 0};
        return true;
    }
    find->high = (struct pulsar_position){low, UINT64_MAX, -1, 0};
    return choose_entry(find, ret_middle);
}

static void take_look(struct find *find)
{
    const struct log_look_op *look = &find->look;
    bool is_low = look->has_record && look->index <= find->op->index &&
                  pulsar_position_compare(&look->at, &find->low.position) > 0;
    if (is_low) {
        find->low = (struct signpost){look->index, look->at};
    } else {
        find->high = look->start;
    }
}

static void look_between(struct flow *flow)
{
    struct find *find = find_of(flow);
    struct pulsar_position middle;
    if (find->looks++ > 0) {
        take_look(find);
    }
    if (is_near(find) || find->looks > LOOKS_MAX || !choose(find, &middle)) {
        flow_skip_to_end(flow);
        return;
    }
    ask_look(find, middle);
    flow_again(flow);
}

static void finish(struct flow *flow)
{
    struct find *find = find_of(flow);
    struct log_find_op *op = find->op;
    struct loop *loop = flow->loop;
    enum err err = flow->err;
    op->start = find->low.index > 0 ? find->low.position : pulsar_position_earliest();
    log_job_leave(&find->job);
    mem_free(find);
    op_answer_later(&op->op, loop, err);
}

static const struct flow_step steps[] = {
    {"look_at_ends", look_at_ends},
    {"look_at_last", look_at_last},
    {"look_before_last", look_before_last},
    {"look_between", look_between},
    {"finish", finish},
};

void log_find(struct log_topic *topic, struct asker *asker, struct log_find_op *op)
{
    op_ask(&op->op, asker);
    struct find *find = mem_new(sizeof(*find));
    find->topic = topic;
    find->op = op;
    log_job_join(topic->log, &find->job, NULL);
    flow_start(&find->flow, log_pulsar_loop(topic->log), steps, FLOW_STEPS(steps));
}
