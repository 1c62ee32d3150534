#include "registry/query/inforce.h"

#include "registry/date.h"

#include <stdbool.h>
#include <string.h>

#define IN_FORCE(name)  FTZ__V1__IN_FORCE__IN_FORCE_##name
#define AMENDMENT(name) FTZ__V1__AMENDMENT_KIND__AMENDMENT_KIND_##name

// --- the beginning -------------------------------------------------------------------------------

typedef struct beginning {
    int32_t earliest, latest; // 0: not known
    int32_t effective_latest; // as far as the effective date tells
    const char *decided;      // field of the earliest decision; NULL: none
    bool effective, observed; // the effective date, the observed one gave a bound
    bool dated;               // the delegation has a date of its own
} beginning;

static void take_decision(beginning *b, const char *field, const Google__Type__Date *date)
{
    date_span span;
    if (!date_span_of(date, &span) || (b->decided && b->earliest <= span.first))
        return;
    b->earliest = span.first;
    b->decided = field;
}

static beginning begins(const Ftz__V1__PowerDelegation *d, int32_t zone_first_day)
{
    beginning b = {0};
    date_span effective, observed;
    bool seen = date_span_of(d->observed_date, &observed);
    if (date_span_of(d->effective_date, &effective)) {
        b.effective = b.dated = true;
        b.earliest = effective.first;
        b.latest = b.effective_latest = effective.last;
        b.observed = seen && observed.last >= effective.first && observed.last < effective.last;
    } else {
        take_decision(&b, "review_date", d->review_date);
        take_decision(&b, "approval_date", d->approval_date);
        take_decision(&b, "issue_date", d->issue_date);
        if (!b.decided)
            b.earliest = zone_first_day;
        b.observed = seen;
        b.dated = b.decided || seen;
    }
    if (b.observed) {
        b.latest = observed.last;
        if (b.earliest > b.latest)
            b.earliest = observed.first;
    }
    return b;
}

// --- amendments ----------------------------------------------------------------------------------

enum { ACTIVE = 1, SUSPENDED = 2, REVOKED = 4 }; // sets of what it can be

static unsigned apply(unsigned states, int kind)
{
    unsigned gone = states & REVOKED, there = states & (ACTIVE | SUSPENDED);
    switch (kind) {
    case AMENDMENT(SUSPENDED):
        return gone | (there ? SUSPENDED : 0);
    case AMENDMENT(RESUMED):
        return gone | (there ? ACTIVE : 0);
    default:
        return REVOKED;
    }
}

static bool changes_state(const Ftz__V1__Amendment *a)
{
    return a->kind == AMENDMENT(SUSPENDED) || a->kind == AMENDMENT(RESUMED) ||
           a->kind == AMENDMENT(REVOKED);
}

static bool touches(const Ftz__V1__Amendment *a, const char *item)
{
    for (size_t i = 0; item && i < a->n_items; i++)
        if (!strcmp(a->items[i], item))
            return true;
    return !a->n_items;
}

typedef struct course {
    unsigned states;
    bool suspended; // for certain, and perhaps resumed since
} course;

static course run(const Ftz__V1__PowerDelegation *d, const char *item, int32_t earliest,
                  int32_t day)
{
    course c = {.states = ACTIVE};
    for (size_t i = 0; i < d->n_amendments; i++) {
        const Ftz__V1__Amendment *a = d->amendments[i];
        date_span span;
        bool dated = date_span_of(a->effective_date, &span);
        if (dated && span.first > earliest)
            earliest = span.first;
        if (!changes_state(a) || !touches(a, item) || day < earliest)
            continue;
        bool certain = dated && span.last <= day;
        c.states = apply(c.states, a->kind) | (certain ? 0 : c.states);
        if (certain)
            c.suspended = a->kind == AMENDMENT(SUSPENDED);
    }
    return c;
}

// --- both ----------------------------------------------------------------------------------------

in_force in_force_on(const Ftz__V1__PowerDelegation *d, const char *item, int32_t zone_first_day,
                     int32_t day)
{
    beginning b = begins(d, zone_first_day);
    in_force f = {IN_FORCE(UNKNOWN), "", b.earliest, b.latest};
    course c = run(d, item, b.earliest, day);
    if (day < b.earliest || !(c.states & ACTIVE))
        f.state = IN_FORCE(NO);
    else if (!b.latest || day < b.latest)
        f.reason = b.effective ? "EFFECT_DATE_PARTIAL" : b.dated ? "EFFECT_UNKNOWN" : "NO_DATE";
    else if (c.states != ACTIVE)
        f.reason = c.suspended ? "SUSPENDED" : "AMENDMENT_DATE_UNKNOWN";
    else
        f = (in_force){IN_FORCE(YES),
                       b.effective && b.effective_latest <= day ? "EFFECTIVE" : "OBSERVED",
                       b.earliest, b.latest};
    return f;
}

void in_force_paths(const Ftz__V1__PowerDelegation *d, int32_t day, in_force_path_fn fn,
                    void *context)
{
    beginning b = begins(d, 0);
    if (b.effective)
        fn(context, "effective_date", NULL);
    if (b.decided)
        fn(context, b.decided, NULL);
    if (b.observed)
        fn(context, "observed_date", NULL);
    for (size_t i = 0; i < d->n_amendments; i++) {
        date_span span;
        const Ftz__V1__Amendment *a = d->amendments[i];
        if (changes_state(a) && !a->n_items &&
            (!date_span_of(a->effective_date, &span) || span.first <= day))
            fn(context, "effective_date", a->id);
    }
}
