/* probe - how much of a core others take from whoever wants it, second by second.
 *
 *     probe
 *
 * A millisecond in ten it counts turns of a loop, as fast as it can, and compares with the most
 * that a millisecond ever had: what is missing went to other programs or other guests of the host.
 * Prints a line a second, until it is ended: when that second began, in ns of the monotonic clock,
 * and how many per cent were lost in it. How it fails: not; of the first seconds it knows too
 * little, so it spins for a moment before. */

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define MS UINT64_C(1000000)
#define SPIN_NS (1 * MS)
#define PERIOD_NS (10 * MS)
#define SECOND_NS (1000 * MS)
#define WARM_UP 50

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Turns in a millisecond that begins now. */
static double spin(void)
{
    uint64_t begun = now_ns(), now, turns = 0;
    while ((now = now_ns()) < begun + SPIN_NS) {
        turns++;
    }
    return (double)turns * (double)SPIN_NS / (double)(now - begun);
}

static void sleep_until(uint64_t at_ns)
{
    struct timespec at = {(time_t)(at_ns / SECOND_NS), (long)(at_ns % SECOND_NS)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(void)
{
    double most = 0;
    for (int i = 0; i < WARM_UP; i++) {
        double turns = spin();
        most = turns > most ? turns : most;
    }
    for (uint64_t begun = now_ns();; begun += SECOND_NS) {
        double sum = 0;
        int spins = 0;
        for (uint64_t at = begun; at < begun + SECOND_NS; at += PERIOD_NS, spins++) {
            sleep_until(at);
            double turns = spin();
            most = turns > most ? turns : most;
            sum += turns;
        }
        printf("%llu %.1f\n", (unsigned long long)begun, 100 * (1 - sum / spins / most));
        fflush(stdout);
    }
}
