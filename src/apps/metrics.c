/* metrics - reading, adding, printing.
 *
 * Happy path: each worker's figures are copied on its own loop. How it fails: a text that does not
 * fit ends early, at a whole line. */

#include "metrics.h"

#include <stdio.h>

#include "base/check.h"
#include "engines.h"
#include "worker.h"

void metrics_read(struct worker *worker, struct metrics *ret_metrics)
{
    struct edge_stats edge = edge_stats(worker->edge);
    struct socket_counters socket = {0};
    struct chat_counters chat = {0};
    struct message_counters message = {0};
    if (worker->socket) {
        socket = socket_counters(worker->socket);
    }
    if (worker->chat) {
        chat = chat_counters(worker->chat);
    }
    if (worker->message) {
        message = message_counters(worker->message);
    }
    *ret_metrics = (struct metrics){
        .connections = edge.connections,
        .websockets = edge.websockets,
        .queued_bytes = edge.queued_bytes,
        .accepted_total = edge.accepted,
        .refused_total = edge.refused,
        .requests_total = edge.requests,
        .messages_in_total = edge.messages_in,
        .bad_frames_total = edge.frames_bad,
        .bytes_in_total = edge.bytes_in,
        .bytes_out_total = edge.bytes_out,
        .sends_total = edge.sends,
        .commands_total = socket.commands,
        .commands_refused_total = socket.refused,
        .timeouts_total = socket.timeouts,
        .deliveries_total = socket.deliveries,
        .pushes_total = socket.pushes,
        .gaps_total = socket.gaps,
        .slow_connections_total = socket.slow,
        .resends_total = socket.resends,
        .rooms_late_total = socket.rooms_late,
        .shards_owned = chat.shards_owned,
        .rooms_loaded = chat.rooms,
        .records_total = chat.records,
        .commands_repeated_total = chat.dups,
        .terms_lost_total = chat.lost_terms,
        .stored_total = message.records,
        .store_failures_total = message.failed_writes,
        .store_holes_total = message.holes,
        .queries_total = message.queries,
        .queries_behind_total = message.behind,
        .queries_hot_total = message.hot,
        .shared_found_total = message.shared_found,
        .shared_read_total = message.shared_read,
        .mails_dropped_total = worker->mail ? mail_dropped(worker->mail) : 0,
        .bugs_total = worker->index == 0 ? bug_count() : 0, /* of the process */
    };
    engines_measure(worker, ret_metrics);
}

void metrics_add(struct metrics *sum, const struct metrics *more)
{
#define METRIC(name, type, doc) sum->name += more->name;
#include "metrics.def"
#undef METRIC
}

size_t metrics_print(const struct metrics *metrics, char *ret_text, size_t size)
{
    static const struct {
        const char *name, *type, *doc;
        size_t offset;
    } rows[] = {
#define METRIC(name, type, doc) {#name, #type, doc, offsetof(struct metrics, name)},
#include "metrics.def"
#undef METRIC
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = *(const uint64_t *)(const void *)((const char *)metrics + rows[i].offset);
        int wrote = snprintf(ret_text + used, size - used,
            "# HELP chattifier_%s %s\n# TYPE chattifier_%s %s\nchattifier_%s %llu\n", rows[i].name,
            rows[i].doc, rows[i].name, rows[i].type, rows[i].name, (unsigned long long)value);
        if (wrote < 0 || (size_t)wrote >= size - used) {
            break;
        }
        used += (size_t)wrote;
    }
    return used;
}
