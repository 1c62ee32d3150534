#include "registry/index/texts.h"

#include "ftz/v1/resources.pb-c.h"

#include <stdio.h>
#include <string.h>

// What a field holds, where it stands, and in what role its texts are. Texts below a message are
// never more telling than the field that holds the message.
typedef struct text_field {
    const char *name;
    size_t offset;
    size_t count_offset; // NOT_A_LIST: it is none
    text_role role;
    const struct text_message *message; // NULL: it is text
} text_field;

typedef struct text_message {
    const text_field *fields;
    size_t count;
    size_t id_offset;       // of elements of lists
    size_t language_offset; // of a Name
    size_t case_offset;     // of a oneof whose only text the field is ...
    uint32_t case_number;   // ... where its case is this one
} text_message;

enum { NOT_A_LIST = 0, NONE = 0 }; // every message begins with its ProtobufCMessage

#define TEXT(type, field, role)                                                                    \
    {                                                                                              \
#field, offsetof(type, field), NOT_A_LIST, TEXT_##role, NULL                               \
    }
#define ONE(type, field, role, message)                                                            \
    {                                                                                              \
#field, offsetof(type, field), NOT_A_LIST, TEXT_##role, &message                           \
    }
#define LIST(type, field, role, message)                                                           \
    {                                                                                              \
#field, offsetof(type, field), offsetof(type, n_##field), TEXT_##role, &message            \
    }
#define MESSAGE(name, type, id, ...)                                                               \
    static const text_field name##_fields[] = {__VA_ARGS__};                                       \
    static const text_message name = {                                                             \
        .fields = name##_fields, .count = ARRAY_LEN(name##_fields), .id_offset = id}
#define ID(type) offsetof(type, id)

typedef Ftz__V1__Name Name;
typedef Ftz__V1__Region Region;
typedef Ftz__V1__Place Place;
typedef Ftz__V1__Party Party;
typedef Ftz__V1__Document Document;
typedef Ftz__V1__Meeting Meeting;
typedef Ftz__V1__Tag Tag;
typedef Ftz__V1__Industry Industry;
typedef Ftz__V1__Quantity Quantity;
typedef Ftz__V1__Identifier Identifier;
typedef Ftz__V1__Relation Relation;
typedef Ftz__V1__StatedValue StatedValue;
typedef Ftz__V1__Citation Citation;
typedef Ftz__V1__Remark Remark;
typedef Ftz__V1__KindChange KindChange;
typedef Ftz__V1__SizeChange SizeChange;
typedef Ftz__V1__InnerPart InnerPart;
typedef Ftz__V1__Delegator Delegator;
typedef Ftz__V1__Receiver Receiver;
typedef Ftz__V1__PowerItem PowerItem;
typedef Ftz__V1__Amendment Amendment;
typedef Ftz__V1__Zone Zone;
typedef Ftz__V1__Area Area;
typedef Ftz__V1__Event Event;
typedef Ftz__V1__PowerDelegation PowerDelegation;
typedef Ftz__V1__Source Source;
typedef Ftz__V1__Term Term;

// The text of a name goes by the path of the name.
static const text_field name_fields[] = {{NULL, offsetof(Name, text), NOT_A_LIST, TEXT_NAME, NULL}};
static const text_message name = {.fields = name_fields,
                                  .count = ARRAY_LEN(name_fields),
                                  .id_offset = ID(Name),
                                  .language_offset = offsetof(Name, language_code)};
MESSAGE(region, Region, ID(Region), LIST(Region, names, NAME, name));
MESSAGE(place, Place, ID(Place), TEXT(Place, display_name, MENTION),
        LIST(Place, names, MENTION, name), LIST(Place, regions, MENTION, region));
MESSAGE(party, Party, ID(Party), TEXT(Party, display_name, MENTION),
        LIST(Party, names, MENTION, name), TEXT(Party, role_label, PROSE),
        TEXT(Party, title, PROSE));
MESSAGE(document, Document, ID(Document), TEXT(Document, title, TITLE),
        TEXT(Document, number, TITLE), LIST(Document, issuers, MENTION, party));
MESSAGE(meeting, Meeting, NONE, TEXT(Meeting, display_name, TITLE),
        ONE(Meeting, body, MENTION, party), ONE(Meeting, chair, MENTION, party));
MESSAGE(tag, Tag, ID(Tag), TEXT(Tag, label, PROSE));
MESSAGE(industry, Industry, ID(Industry), TEXT(Industry, label, PROSE));
MESSAGE(quantity, Quantity, ID(Quantity), TEXT(Quantity, label, PROSE),
        TEXT(Quantity, as_stated, PROSE));
MESSAGE(identifier, Identifier, ID(Identifier), TEXT(Identifier, value, TITLE));
MESSAGE(relation, Relation, ID(Relation), TEXT(Relation, label, PROSE));
static const text_field stated_value_fields[] = {TEXT(StatedValue, text, PROSE)};
static const text_message stated_value = {.fields = stated_value_fields,
                                          .count = ARRAY_LEN(stated_value_fields),
                                          .case_offset = offsetof(StatedValue, kind_case),
                                          .case_number = FTZ__V1__STATED_VALUE__KIND_TEXT};
MESSAGE(citation, Citation, ID(Citation), ONE(Citation, stated_value, PROSE, stated_value),
        TEXT(Citation, as_printed, PROSE), TEXT(Citation, note, PROSE));
MESSAGE(remark, Remark, ID(Remark), TEXT(Remark, text, PROSE), TEXT(Remark, reading, PROSE));
MESSAGE(kind_change, KindChange, ID(KindChange), TEXT(KindChange, label, PROSE));
MESSAGE(size_change, SizeChange, ID(SizeChange), TEXT(SizeChange, reason, PROSE));
MESSAGE(part, InnerPart, ID(InnerPart), TEXT(InnerPart, display_name, NAME),
        LIST(InnerPart, names, NAME, name));
MESSAGE(delegator, Delegator, ID(Delegator), ONE(Delegator, party, MENTION, party),
        TEXT(Delegator, level_label, PROSE));
MESSAGE(receiver, Receiver, ID(Receiver), ONE(Receiver, party, MENTION, party));
MESSAGE(item, PowerItem, ID(PowerItem), TEXT(PowerItem, title, TITLE),
        LIST(PowerItem, subjects, PROSE, tag));
MESSAGE(amendment, Amendment, ID(Amendment), ONE(Amendment, document, TITLE, document),
        TEXT(Amendment, note, PROSE));

MESSAGE(zone, Zone, NONE, TEXT(Zone, display_name, NAME), LIST(Zone, names, NAME, name),
        ONE(Zone, region, NAME, region), ONE(Zone, plan, TITLE, document),
        LIST(Zone, kind_history, PROSE, kind_change), LIST(Zone, size_history, PROSE, size_change),
        TEXT(Zone, location_text, PROSE), LIST(Zone, positioning, PROSE, tag),
        TEXT(Zone, positioning_text, PROSE), LIST(Zone, citations, PROSE, citation),
        LIST(Zone, remarks, PROSE, remark));
MESSAGE(area, Area, NONE, TEXT(Area, display_name, NAME), LIST(Area, names, NAME, name),
        LIST(Area, parts, NAME, part), LIST(Area, regions, NAME, region), TEXT(Area, seat, MENTION),
        TEXT(Area, group, PROSE), LIST(Area, positioning, PROSE, tag),
        TEXT(Area, positioning_text, PROSE), TEXT(Area, advantage, PROSE), TEXT(Area, aim, PROSE),
        TEXT(Area, functional_division, PROSE), LIST(Area, focus_industries, PROSE, industry),
        LIST(Area, citations, PROSE, citation), LIST(Area, remarks, PROSE, remark));
MESSAGE(event, Event, NONE, TEXT(Event, title, TITLE), LIST(Event, titles, TITLE, name),
        LIST(Event, places, MENTION, place), LIST(Event, parties, MENTION, party),
        LIST(Event, documents, TITLE, document), ONE(Event, meeting, TITLE, meeting),
        LIST(Event, identifiers, TITLE, identifier), TEXT(Event, description, PROSE),
        LIST(Event, quantities, PROSE, quantity), LIST(Event, industries, PROSE, industry),
        TEXT(Event, significance, PROSE), LIST(Event, relations, PROSE, relation),
        LIST(Event, citations, PROSE, citation), LIST(Event, remarks, PROSE, remark));
MESSAGE(power_delegation, PowerDelegation, NONE, TEXT(PowerDelegation, display_name, NAME),
        LIST(PowerDelegation, delegators, MENTION, delegator),
        LIST(PowerDelegation, receivers, MENTION, receiver),
        LIST(PowerDelegation, documents, TITLE, document),
        ONE(PowerDelegation, meeting, TITLE, meeting), LIST(PowerDelegation, items, TITLE, item),
        LIST(PowerDelegation, amendments, PROSE, amendment),
        TEXT(PowerDelegation, item_label, PROSE), LIST(PowerDelegation, counts, PROSE, quantity),
        LIST(PowerDelegation, subjects, PROSE, tag), LIST(PowerDelegation, exclusions, PROSE, tag),
        TEXT(PowerDelegation, effect, PROSE), LIST(PowerDelegation, relations, PROSE, relation),
        LIST(PowerDelegation, citations, PROSE, citation),
        LIST(PowerDelegation, remarks, PROSE, remark));
MESSAGE(source, Source, NONE, TEXT(Source, title, TITLE), TEXT(Source, note, PROSE));
MESSAGE(term, Term, NONE, TEXT(Term, display_name, NAME), LIST(Term, names, NAME, name),
        TEXT(Term, group, PROSE), TEXT(Term, definition, PROSE));

static const text_message *const resources[RESOURCE_KINDS] = {
    [RESOURCE_SOURCE] = &source, [RESOURCE_TERM] = &term,
    [RESOURCE_ZONE] = &zone,     [RESOURCE_AREA] = &area,
    [RESOURCE_EVENT] = &event,   [RESOURCE_POWER_DELEGATION] = &power_delegation,
};

typedef struct visit {
    text_at at;
    text_fn fn;
    void *context;
} visit;

static const void *member(const ProtobufCMessage *m, size_t offset)
{
    return (const char *)m + offset;
}

static const char *text_member(const ProtobufCMessage *m, size_t offset)
{
    const char *text = *(const char *const *)member(m, offset);
    return text ? text : "";
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the table
static bool visit_message(visit *v, const ProtobufCMessage *m, const text_message *table,
                          text_role least)
{
    if (table->case_offset &&
        *(const uint32_t *)member(m, table->case_offset) != table->case_number)
        return true;
    for (size_t i = 0; i < table->count; i++) {
        const text_field *f = &table->fields[i];
        size_t depth = v->at.depth;
        text_role role = f->role > least ? f->role : least;
        v->at.fields[depth] = f->name;
        v->at.ids[depth] = NULL;
        v->at.depth = depth + 1;
        if (!f->message) {
            v->at.role = role;
            v->at.text = text_member(m, f->offset);
            v->at.language_code =
                table->language_offset ? text_member(m, table->language_offset) : "";
            if (*v->at.text && !v->fn(v->context, &v->at))
                return false;
        } else if (f->count_offset == NOT_A_LIST) {
            const ProtobufCMessage *one = *(const ProtobufCMessage *const *)member(m, f->offset);
            if (one && !visit_message(v, one, f->message, role))
                return false;
        } else {
            size_t count = *(const size_t *)member(m, f->count_offset);
            const ProtobufCMessage *const *list =
                *(const ProtobufCMessage *const *const *)member(m, f->offset);
            for (size_t j = 0; j < count; j++) {
                v->at.ids[depth] = text_member(list[j], f->message->id_offset);
                if (!visit_message(v, list[j], f->message, role))
                    return false;
            }
        }
        v->at.depth = depth;
    }
    return true;
}

bool texts_visit(const resource_type *type, const ProtobufCMessage *message, text_fn fn,
                 void *context)
{
    visit v = {.fn = fn, .context = context};
    return visit_message(&v, message, resources[type->kind], TEXT_NAME);
}

bool text_path(const text_at *at, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < at->depth && at->fields[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s%s%s", i ? "." : "", at->fields[i],
                                 at->ids[i] ? "." : "", at->ids[i] ? at->ids[i] : "");
    return used < size;
}
