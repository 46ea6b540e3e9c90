/* work_uv - slow jobs on libuv's thread pool.
 *
 * Happy path: a free slot carries the job to the pool; its end comes back on the loop and answers
 * the op. How it fails: no free slot is ERR_FULL; a job that had not begun when the loop is
 * destroyed is ERR_CANCELLED. */

#include "base/check.h"
#include "base/mem.h"
#include "loop/loop_uv_inner.h"

static void run_job(uv_work_t *request)
{
    struct work_slot *slot = container_of(request, struct work_slot, request);
    slot->op->run(slot->op);
}

static void job_ended(uv_work_t *request, int status)
{
    struct work_slot *slot = container_of(request, struct work_slot, request);
    struct work_uv *work = slot->work;
    struct work_op *op = slot->op;
    slot->op = NULL;
    slot->next_free = work->free;
    work->free = slot;
    work->busy--;
    op_answer(&op->op, status == UV_ECANCELED ? ERR_CANCELLED : OK);
}

static void submit(struct work *base, struct work_op *op)
{
    struct work_uv *work = (struct work_uv *)base;
    struct work_slot *slot = work->free;
    if (!slot) {
        op_answer_later(&op->op, &work->loop->loop, ERR_FULL);
        return;
    }
    work->free = slot->next_free;
    work->busy++;
    slot->op = op;
    int status = uv_queue_work(&work->loop->uv, &slot->request, run_job, job_ended);
    CHECK(status == 0);
}

void work_uv_init(struct work_uv *work, struct loop_uv *loop, uint32_t ops_max)
{
    work->work.submit = submit;
    work->loop = loop;
    work->slot_count = ops_max;
    work->slots = mem_array(ops_max, sizeof(struct work_slot));
    for (uint32_t i = 0; i < ops_max; i++) {
        work->slots[i].work = work;
        work->slots[i].next_free = work->free;
        work->free = &work->slots[i];
    }
}

void work_uv_deinit(struct work_uv *work)
{
    for (uint32_t i = 0; i < work->slot_count; i++) {
        if (work->slots[i].op) {
            uv_cancel((uv_req_t *)&work->slots[i].request);
        }
    }
    while (work->busy > 0) {
        uv_run(&work->loop->uv, UV_RUN_ONCE);
    }
    mem_free(work->slots);
    work->slots = NULL;
}
