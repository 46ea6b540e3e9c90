/* desk - see the header.
 *
 * Happy path: a job reaches the engine, is done, its answer reaches the node. How it fails: a read
 * may be refused, a write may be UNKNOWN, both may take long; what a crashed node asked is done or
 * not, and answered to nobody. */

#include "desk.h"

#include "base/mem.h"
#include "cluster.h"
#include "heap.h"
#include "node.h"

#define HOP_US_MAX 1500
#define SLOW_US_MAX 3000000
#define APPEND_SLOW_US_MAX 1000000

struct job_event {
    struct event event;
    struct cluster *cluster;
    struct job job;
    uint32_t asker, asker_life;
    bool done, lost, unknown, refused;
};

struct answer_event {
    struct event event;
    struct op *op;
    enum err err;
};

struct soon_event {
    struct event event;
    void (*run)(void *context);
    void *context;
};

static void run_answer(struct scene *scene, struct event *event)
{
    (void)scene;
    struct answer_event *answer = (struct answer_event *)event;
    op_answer(answer->op, answer->err);
}

static void drop_job(struct event *event)
{
    mem_free(((struct job_event *)event)->job.data);
}

static uint64_t hop(struct cluster *cluster)
{
    return dice_between(&cluster->chance, 50, HOP_US_MAX);
}

static void send_answer(struct job_event *job, enum err err)
{
    struct cluster *cluster = job->cluster;
    struct answer_event *answer = scene_event(sizeof(*answer), EVENT_answer, run_answer);
    answer->event.node = job->asker;
    answer->event.life = job->asker_life;
    answer->event.whole_node = true;
    answer->event.digest = (uint64_t)err;
    answer->op = job->job.op;
    answer->err = err;
    uint64_t at = cluster->scene.now_us + hop(cluster);
    struct job_lane *lane = job->job.lane;
    if (lane) {
        at = at > lane->answered_us ? at : lane->answered_us;
        lane->answered_us = at;
    }
    scene_add_at(&cluster->scene, &answer->event, at);
}

static bool is_asker_there(const struct job_event *job)
{
    return job->cluster->scene.nodes[job->asker]->life == job->asker_life;
}

static enum err do_job(struct job_event *job)
{
    bool node_memory = job->job.kind != JOB_APPEND;
    uint32_t former = heap_use(node_memory ? job->asker : HEAP_WORLD);
    enum err err = job->job.run(&job->job);
    heap_use(former);
    return err;
}

static void run_job(struct scene *scene, struct event *event)
{
    (void)scene;
    struct job_event *job = (struct job_event *)event;
    bool there = is_asker_there(job);
    enum err err = OK;
    if (job->job.kind == JOB_APPEND) {
        err = do_job(job);
    } else if (there && job->refused) {
        err = ERR_UNAVAILABLE;
    } else if (there && !job->done && !job->lost) {
        err = do_job(job);
    }
    if (there) {
        send_answer(job, job->unknown ? ERR_UNKNOWN : err);
    }
    drop_job(event);
}

static void draw_fate(struct job_event *job)
{
    struct cluster *cluster = job->cluster;
    if (job->job.kind == JOB_READ) {
        job->refused = faults_strike(&cluster->faults, FAULT_store_down);
        return;
    }
    job->unknown = faults_strike(&cluster->faults, FAULT_store_unknown);
    job->lost = job->unknown && dice_hits(&cluster->faults.struck, 5000);
}

/* A write may also be done the moment it is asked: then a crash on the way back leaves it done. */
static void do_early(struct job_event *job)
{
    if (job->unknown && !job->lost && dice_hits(&job->cluster->faults.struck, 5000)) {
        job->done = true;
        (void)do_job(job);
    }
}

static void ask(struct desk *desk, const struct job *asked)
{
    struct sim_desk *sim = (struct sim_desk *)desk;
    struct cluster *cluster = sim->cluster;
    struct job_event *job = scene_event(sizeof(*job), EVENT_job, run_job);
    job->event.drop = drop_job;
    job->cluster = cluster;
    job->job = *asked;
    job->asker = desk->node;
    job->asker_life = cluster->scene.nodes[desk->node]->life;
    uint64_t at = cluster->scene.now_us + hop(cluster);
    if (asked->kind != JOB_APPEND) {
        draw_fate(job);
        do_early(job);
        if (faults_strike(&cluster->faults, FAULT_store_slow)) {
            at += dice_below(&cluster->faults.struck, SLOW_US_MAX);
        }
    }
    if (asked->kind == JOB_APPEND && faults_strike(&cluster->faults, FAULT_append_slow)) {
        at += dice_below(&cluster->faults.struck, APPEND_SLOW_US_MAX);
    }
    if (asked->lane) {
        at = at > asked->lane->done_us ? at : asked->lane->done_us;
        asked->lane->done_us = at;
    }
    job->event.digest = (uint64_t)asked->kind << 8 | desk->node;
    scene_add_at(&cluster->scene, &job->event, at);
}

static void run_soon(struct scene *scene, struct event *event)
{
    (void)scene;
    struct soon_event *soon = (struct soon_event *)event;
    soon->run(soon->context);
}

static void call_soon(struct desk *desk, void (*run)(void *context), void *context)
{
    struct sim_desk *sim = (struct sim_desk *)desk;
    struct soon_event *soon = scene_event(sizeof(*soon), EVENT_soon, run_soon);
    soon->event.node = desk->node;
    soon->event.life = sim->cluster->scene.nodes[desk->node]->life;
    soon->event.whole_node = true;
    soon->run = run;
    soon->context = context;
    scene_add(&sim->cluster->scene, &soon->event, hop(sim->cluster));
}

static uint64_t wall(struct desk *desk)
{
    return loop_wall_ms(&((struct sim_desk *)desk)->at->loop);
}

void desk_init(struct sim_desk *desk, struct cluster *cluster, struct node *node)
{
    *desk = (struct sim_desk){{ask, call_soon, wall, node->number}, cluster, node};
}
