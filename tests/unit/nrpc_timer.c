// The timer wheel: order, punctuality, cancelling, starting again, many at once.
#include "nrpc/timer.h"

#include "base/clock.h"
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define MS INT64_C(1000000)

typedef struct probe {
    timer t;
    int64_t due_ns, fired_ns;
    int order;
    int again; // starts itself so often, 1 ms later each time
    timer_wheel *wheel;
    atomic_int fired;
} probe;

static atomic_int fired_total;

static void on_fire(timer *t)
{
    probe *p = (probe *)(void *)t;
    p->fired_ns = clock_now_ns();
    p->order = atomic_fetch_add(&fired_total, 1);
    bool again = p->again-- > 0;
    if (again)
        timer_start(p->wheel, t, p->fired_ns + MS, on_fire);
    atomic_fetch_add(&p->fired, 1); // last: the test may free p once it sees what it waits for
}

static timer_wheel *create(void)
{
    timer_wheel *w = NULL;
    nrpc_status status = {0};
    assert_ok(timer_wheel_create(&w, &status), &status);
    atomic_store(&fired_total, 0);
    return w;
}

static void start_in(timer_wheel *w, probe *p, int64_t ns)
{
    p->wheel = w;
    p->due_ns = clock_now_ns() + ns;
    timer_start(w, &p->t, p->due_ns, on_fire);
}

static void wait_for(atomic_int *counter, int n)
{
    for (int i = 0; i < 2000 && atomic_load(counter) < n; i++)
        usleep(5000);
    assert_int_equal(atomic_load(counter), n);
}

static void timers_fire_in_order_and_never_early(void **state)
{
    (void)state;
    timer_wheel *w = create();
    enum { N = 10 };
    probe p[N] = {0};
    for (int i = 0; i < N; i++)
        start_in(w, &p[i], (N - i) * 12 * MS);
    wait_for(&fired_total, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i].order, N - 1 - i);
        assert_true(p[i].fired_ns >= p[i].due_ns);
        assert_true(p[i].fired_ns - p[i].due_ns < 1000 * MS); // normally 8 ms; machines get busy
    }
    timer_wheel_free(w);
}

static void a_time_in_the_past_fires_at_once(void **state)
{
    (void)state;
    timer_wheel *w = create();
    probe p[3] = {0};
    start_in(w, &p[0], -5 * MS);
    timer_start(w, &p[1].t, 0, on_fire);
    timer_start(w, &p[2].t, INT64_MIN / 2, on_fire);
    wait_for(&fired_total, 3);
    timer_wheel_free(w);
}

static void a_time_rounds_away_waits_its_round(void **state)
{
    (void)state;
    timer_wheel *w = create();
    probe near = {0}, same_slot = {0}, never = {0};
    start_in(w, &near, 20 * MS);
    start_in(w, &same_slot, (20 + 4096) * MS); // one turn of the wheel later
    timer_start(w, &never.t, CLOCK_NEVER, on_fire);
    wait_for(&near.fired, 1);
    assert_int_equal(atomic_load(&same_slot.fired), 0);
    wait_for(&same_slot.fired, 1);
    assert_true(same_slot.fired_ns >= same_slot.due_ns);
    assert_int_equal(atomic_load(&never.fired), 0);
    assert_true(timer_cancel(w, &never.t));
    timer_wheel_free(w);
}

static void a_cancelled_timer_does_not_fire(void **state)
{
    (void)state;
    timer_wheel *w = create();
    probe p[3] = {0};
    for (int i = 0; i < 3; i++)
        start_in(w, &p[i], 30 * MS);
    assert_true(timer_cancel(w, &p[1].t));
    assert_false(timer_cancel(w, &p[1].t)); // it is not set any more
    wait_for(&fired_total, 2);
    usleep(30000);
    assert_int_equal(atomic_load(&p[1].fired), 0);
    assert_false(timer_cancel(w, &p[0].t)); // it has fired
    start_in(w, &p[1], 5 * MS);             // and may be set again
    wait_for(&p[1].fired, 1);
    timer_wheel_free(w);
}

static void a_timer_may_start_itself_again(void **state)
{
    (void)state;
    timer_wheel *w = create();
    probe p = {.again = 20};
    start_in(w, &p, 0);
    wait_for(&p.fired, 21);
    timer_wheel_free(w);
}

static void an_earlier_timer_wakes_a_sleeping_wheel(void **state)
{
    (void)state;
    timer_wheel *w = create();
    probe late = {0}, early = {0};
    start_in(w, &late, 3600 * 1000 * MS);
    usleep(20000);
    start_in(w, &early, 10 * MS);
    wait_for(&early.fired, 1);
    assert_int_equal(atomic_load(&late.fired), 0);
    timer_wheel_free(w); // with a timer set: it never fires
    assert_int_equal(atomic_load(&late.fired), 0);
}

static void many_timers(void **state)
{
    (void)state;
    enum { N = 50000 };
    timer_wheel *w = create();
    probe *p = calloc(N, sizeof *p);
    int cancelled = 0;
    for (int i = 0; i < N; i++)
        start_in(w, &p[i], (i * 7919LL % 400) * MS);
    for (int i = 0; i < N; i += 3)
        cancelled += timer_cancel(w, &p[i].t);
    assert_true(cancelled > 0);
    wait_for(&fired_total, N - cancelled);
    for (int i = 0; i < N; i++)
        assert_true(!atomic_load(&p[i].fired) || p[i].fired_ns >= p[i].due_ns);
    timer_wheel_free(w);
    free(p);
}

// Each timer is cancelled or fires: exactly one of the two. NULL if so.
static void *start_and_cancel(void *arg)
{
    enum { N = 5000 };
    probe *p = calloc(N, sizeof *p);
    bool *cancelled = calloc(N, sizeof *cancelled);
    bool right = true;
    for (int i = 0; i < N; i++)
        start_in(arg, &p[i], i % 10 * MS);
    for (int i = 0; i < N; i++)
        cancelled[i] = timer_cancel(arg, &p[i].t);
    for (int i = 0; i < N; i++)
        for (int k = 0; !cancelled[i] && !atomic_load(&p[i].fired) && k < 5000; k++)
            usleep(1000);
    for (int i = 0; i < N; i++)
        right &= atomic_load(&p[i].fired) == !cancelled[i];
    free(cancelled);
    free(p);
    return right ? NULL : arg;
}

static void threads_start_and_cancel_at_the_same_time(void **state)
{
    (void)state;
    timer_wheel *w = create();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, start_and_cancel, w);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    timer_wheel_free(w);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    timer_wheel_free(NULL);
    timer_wheel_free(create());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_and_never_early),
        cmocka_unit_test(a_time_in_the_past_fires_at_once),
        cmocka_unit_test(a_time_rounds_away_waits_its_round),
        cmocka_unit_test(a_cancelled_timer_does_not_fire),
        cmocka_unit_test(a_timer_may_start_itself_again),
        cmocka_unit_test(an_earlier_timer_wakes_a_sleeping_wheel),
        cmocka_unit_test(many_timers),
        cmocka_unit_test(threads_start_and_cancel_at_the_same_time),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
