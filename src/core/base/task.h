#pragma once

/* task - something to do later, on a loop. Embedded in what it is about; in at most one queue at a
 * time. */

struct task {
    struct task *next;
    void (*run)(struct task *task);
};

struct task_queue {
    struct task *first;
    struct task *last;
};

static inline void task_queue_add(struct task_queue *queue, struct task *task)
{
    task->next = (struct task *)0;
    if (queue->last) {
        queue->last->next = task;
    } else {
        queue->first = task;
    }
    queue->last = task;
}

static inline struct task *task_queue_take(struct task_queue *queue)
{
    struct task *task = queue->first;
    if (task) {
        queue->first = task->next;
        if (!queue->first) {
            queue->last = (struct task *)0;
        }
    }
    return task;
}

/* Moves all of `from` to the end of `queue`. */
static inline void task_queue_join(struct task_queue *queue, struct task_queue *from)
{
    if (!from->first) {
        return;
    }
    if (queue->last) {
        queue->last->next = from->first;
    } else {
        queue->first = from->first;
    }
    queue->last = from->last;
    *from = (struct task_queue){(struct task *)0, (struct task *)0};
}

/* The struct that a member belongs to. */
#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, member)))
