/* SPDX-License-Identifier: MIT */
/* From libyaml's events to located nodes. One frame per open list or mapping; anchors are a flat
 * list, since a study has few. libyaml stops at its first error, so a syntax error is the last
 * finding of a file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/memory.h"
#include "base/text.h"
#include "study/yaml.h"

typedef struct frame {
    ambs_yaml_node *node;
    ambs_yaml_node *key; /* of a mapping: the key that waits for its value */
    char *anchor;        /* to be known once the node is closed, or NULL */
    bool skip;           /* the waiting key is refused: its value is not kept */
} frame;

typedef struct anchor {
    char *name;
    ambs_yaml_node *node;
} anchor;

typedef struct builder {
    ambs_yaml *document;
    const char *file;
    ambs_findings *findings;
    frame stack[AMBS_YAML_MAX_DEPTH];
    size_t depth;
    anchor *anchors;
    size_t n_anchors, anchor_capacity;
    size_t weight; /* nodes so far, aliases expanded */
    ambs_yaml_node *root;
    bool stop; /* no use in reading on */
} builder;

/* ---- building ------------------------------------------------------------------------------ */

static ambs_place place_of(const builder *b, const yaml_mark_t *mark)
{
    return (ambs_place){.file = b->file, .line = mark->line + 1, .column = mark->column + 1};
}

static void remember_anchor(builder *b, const char *name, ambs_yaml_node *node)
{
    if (!name || !node) return;
    char *copy = ambs_strdup(name, NULL);
    if (!copy || ambs_reserve(&b->anchors, &b->anchor_capacity, b->n_anchors + 1, sizeof(anchor),
                              NULL) != AMBS_OK) {
        free(copy);
        b->findings->no_memory = true;
        return;
    }
    b->anchors[b->n_anchors++] = (anchor){.name = copy, .node = node};
}

static void take_key(builder *b, frame *top, ambs_yaml_node *node)
{
    if (node->type != AMBS_YAML_SCALAR) {
        char what[96];
        ambs_finding_add(b->findings, node->place, "found %s as a key, expected a name",
                         ambs_yaml_what(node, what));
        b->stop = true;
        return;
    }
    top->skip = strcmp(node->text, "<<") == 0;
    if (top->skip)
        ambs_finding_add(b->findings, node->place,
                         "found the merge key <<, which YAML 1.2 does not have; write the keys "
                         "out, or use an alias "
                         "for a whole value");
    const ambs_yaml_node *first = ambs_yaml_key(top->node, node->text);
    if (first) {
        top->skip = true; /* the first one stays, so that later findings speak of one of them */
        ambs_finding_add(b->findings, node->place,
                         "found the key \"%.60s\" again, the first is in line %zu; remove one",
                         node->text, first->place.line);
    }
    top->key = node;
}

/* Puts a finished node where it belongs. */
static void attach(builder *b, ambs_yaml_node *node)
{
    if (!node || b->stop) {
        b->stop = true;
        return;
    }
    if (b->depth == 0) {
        b->root = node;
        return;
    }
    frame *top = &b->stack[b->depth - 1];
    if (top->node->type == AMBS_YAML_LIST) {
        ambs_yaml_append(top->node, node, b->findings);
    } else if (!top->key) {
        take_key(b, top, node);
    } else {
        if (!top->skip) ambs_yaml_add(top->node, top->key, node, b->findings);
        top->key = NULL;
    }
}

/* Counts nodes as a reader without sharing would see them: the guard against aliases that explode.
 */
static void weigh(builder *b, const ambs_yaml_node *node, ambs_place place)
{
    b->weight += node->weight;
    if (b->weight > AMBS_YAML_MAX_NODES) {
        ambs_finding_add(b->findings, place,
                         "found more than %d values (with aliases written out), expected fewer; %s",
                         AMBS_YAML_MAX_NODES, "a study file is small");
        b->stop = true;
    }
    if (b->depth + node->depth > AMBS_YAML_MAX_DEPTH) {
        ambs_finding_add(b->findings, place, "found more than %d levels of nesting, expected fewer",
                         AMBS_YAML_MAX_DEPTH);
        b->stop = true;
    }
}

/* Tags say what a scalar is whatever it looks like; those of other programs cannot be honoured. */
static void apply_tag(builder *b, ambs_yaml_node *node, const char *tag)
{
    static const char core[] = "tag:yaml.org,2002:";
    if (!tag || !node) return;
    const char *name = strncmp(tag, core, sizeof core - 1) == 0 ? tag + sizeof core - 1 : NULL;
    bool scalar = node->type == AMBS_YAML_SCALAR;
    if (strcmp(tag, "!") == 0 ||
        (name && strcmp(name, scalar                         ? "str"
                              : node->type == AMBS_YAML_LIST ? "seq"
                                                             : "map") == 0)) {
        if (scalar) {
            node->kind = AMBS_YAML_STRING;
            node->number = NAN;
        }
        return;
    }
    ambs_finding_add(b->findings, node->place,
                     "found the tag %.60s, expected a plain value; remove the tag, or quote text",
                     tag);
}

static void on_scalar(builder *b, const yaml_event_t *event)
{
    ambs_place place = place_of(b, &event->start_mark);
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length) {
        ambs_finding_add(b->findings, place, "found a NUL character, expected text without it");
        b->stop = true;
        return;
    }
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    ambs_yaml_node *node = ambs_yaml_scalar(b->document, place, text, plain, b->findings);
    if (!node) {
        b->stop = true;
        return;
    }
    apply_tag(b, node, (const char *)event->data.scalar.tag);
    remember_anchor(b, (const char *)event->data.scalar.anchor, node);
    weigh(b, node, place);
    attach(b, node);
}

static void on_start(builder *b, const yaml_event_t *event)
{
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    ambs_place place = place_of(b, &event->start_mark);
    ambs_yaml_node *node = list ? ambs_yaml_list(b->document, place, b->findings)
                                : ambs_yaml_mapping(b->document, place, b->findings);
    if (!node) {
        b->stop = true;
        return;
    }
    weigh(b, node, place);
    if (b->stop) return;
    const yaml_char_t *tag = event->data.mapping_start.tag;
    const yaml_char_t *anchor_name = event->data.mapping_start.anchor;
    if (list) {
        tag = event->data.sequence_start.tag;
        anchor_name = event->data.sequence_start.anchor;
    }
    const char *name = (const char *)anchor_name;
    apply_tag(b, node, (const char *)tag);
    char *copy = name ? ambs_strdup(name, NULL) : NULL;
    if (name && !copy) b->findings->no_memory = true;
    b->stack[b->depth++] = (frame){.node = node, .anchor = copy};
}

static void on_end(builder *b)
{
    frame *top = &b->stack[--b->depth];
    remember_anchor(b, top->anchor,
                    top->node); /* only now: an alias inside its own anchor is unknown */
    free(top->anchor);
    attach(b, top->node);
}

static void on_alias(builder *b, const yaml_event_t *event)
{
    ambs_place place = place_of(b, &event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    for (size_t i = b->n_anchors; i-- > 0;) /* the last of that name counts */
        if (strcmp(b->anchors[i].name, name) == 0) {
            weigh(b, b->anchors[i].node, place);
            attach(b, b->anchors[i].node);
            return;
        }
    ambs_finding_add(b->findings, place,
                     "found the alias *%.60s, expected an anchor &%.60s before it", name, name);
    b->stop = true;
}

static void on_document(builder *b, const yaml_event_t *event)
{
    if (!b->root) return;
    ambs_finding_add(b->findings, place_of(b, &event->start_mark),
                     "found a second document, expected one; put each study in a file of its own");
    b->stop = true;
}

static void on_event(builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(b, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        on_start(b, event);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(b);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(b, event);
        break;
    case YAML_DOCUMENT_START_EVENT:
        on_document(b, event);
        break;
    default:
        break;
    }
}

/* ---- the text as such ---------------------------------------------------------------------- */

static ambs_place place_at(const char *file, const char *text, size_t offset)
{
    ambs_place place = {.file = file, .line = 1, .column = 1};
    for (size_t i = 0; i < offset; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') {
            place.line++;
            place.column = 1;
        } else if ((c & 0xC0) != 0x80) { /* columns count characters, as libyaml's do */
            place.column++;
        }
    }
    return place;
}

static bool acceptable(const char *text, size_t length, const char *file, ambs_findings *findings)
{
    ambs_place whole = {.file = file};
    size_t bad;
    if (length > AMBS_YAML_MAX_BYTES)
        ambs_finding_add(findings, whole,
                         "found %zu bytes, expected at most %d; a study file is small", length,
                         AMBS_YAML_MAX_BYTES);
    else if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        ambs_finding_add(findings, whole,
                         "found UTF-16 text, expected UTF-8; save the file as UTF-8");
    else if (!ambs_utf8_valid(text, length, &bad))
        ambs_finding_add(findings, place_at(file, text, bad),
                         "found the byte 0x%02x, which is not UTF-8; save the file as UTF-8",
                         (unsigned)(unsigned char)text[bad]);
    else
        return true;
    return false;
}

/* What to do about the commonest of libyaml's complaints. */
static const char *remedy_for(const char *problem)
{
    static const char *const table[][2] = {
        {"mapping values are not allowed",
         "a value that contains \": \" needs quotes; else check the indentation"},
        {"did not find expected key", "check the indentation of this line and the lines before it"},
        {"could not find expected ':'", "write \"name: value\" with a space after the colon"},
        {"did not find expected ',' or ']'", "close the list with ]"},
        {"did not find expected ',' or '}'", "close the mapping with }"},
        {"did not find expected '-' indicator", "check the indentation of the list"},
        {"found unexpected end of stream", "close the quotes or brackets that are open"},
        {"found character that cannot start any token",
         "put quotes around text that begins with a special character"},
        {"found unknown escape character",
         "write a backslash twice inside double quotes, or use single quotes"},
        {"control characters are not allowed", "remove the control character"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strstr(problem, table[i][0])) return table[i][1];
    return "check the line";
}

/* In a list or mapping in brackets, the brace of a bare ${name} ends the text before it. */
static bool placeholder_at(const char *problem, const char *text, size_t length,
                           const yaml_mark_t *mark)
{
    if (!strstr(problem, "did not find expected ','")) return false;
    size_t at = 0;
    for (size_t line = 0; line < mark->line && at < length; at++)
        if (text[at] == '\n') line++;
    for (; at + 1 < length && text[at] != '\n'; at++)
        if (text[at] == '$' && text[at + 1] == '{') return true;
    return false;
}

static bool tab_at(const char *text, size_t length, const yaml_mark_t *mark)
{
    size_t at = 0;
    for (size_t line = 0; line < mark->line && at < length; at++)
        if (text[at] == '\n') line++;
    while (at < length && text[at] == ' ') at++;
    return at < length && text[at] == '\t';
}

static void syntax_finding(builder *b, const yaml_parser_t *parser, const char *text, size_t length)
{
    const yaml_mark_t *mark = &parser->problem_mark;
    ambs_place place = place_of(b, mark);
    const char *problem = parser->problem ? parser->problem : "unknown problem";
    const char *remedy = placeholder_at(problem, text, length, mark)
                             ? "put text that holds ${…} in quotes: \"--x=${x}\""
                             : remedy_for(problem);
    if (parser->error == YAML_MEMORY_ERROR)
        b->findings->no_memory = true;
    else if (parser->error == YAML_READER_ERROR)
        ambs_finding_add(
            b->findings,
            place_at(b->file, text,
                     parser->problem_offset < length ? parser->problem_offset : length),
            "broken YAML: %s; %s", problem, remedy);
    else if (tab_at(text, length, mark))
        ambs_finding_add(
            b->findings, (ambs_place){.file = b->file, .line = mark->line + 1, .column = 1},
            "found a tab in the indentation, expected spaces; YAML does not allow tabs there");
    else if (parser->context && parser->context_mark.line != mark->line)
        ambs_finding_add(b->findings, place, "broken YAML: %s (%s that began in line %zu); %s",
                         problem, parser->context, parser->context_mark.line + 1, remedy);
    else
        ambs_finding_add(b->findings, place, "broken YAML: %s; %s", problem, remedy);
}

static void run(builder *b, yaml_parser_t *parser, const char *text, size_t length)
{
    for (bool done = false; !done && !b->stop && !b->findings->no_memory;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            syntax_finding(b, parser, text, length);
            b->stop = true;
            return;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        on_event(b, &event);
        yaml_event_delete(&event);
    }
}

static void builder_fini(builder *b)
{
    while (b->depth > 0) free(b->stack[--b->depth].anchor);
    for (size_t i = 0; i < b->n_anchors; i++) free(b->anchors[i].name);
    free(b->anchors);
}

ambs_yaml_node *ambs_yaml_parse(ambs_yaml *document, const char *text, size_t length,
                                const char *file, ambs_findings *findings)
{
    if (!acceptable(text, length, file, findings)) return NULL;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        findings->no_memory = true;
        return NULL;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    builder b = {.document = document, .file = file, .findings = findings};
    run(&b, &parser, text, length);
    yaml_parser_delete(&parser);
    ambs_yaml_node *root = b.stop ? NULL : b.root;
    if (!root && !b.stop && !findings->no_memory)
        ambs_finding_add(findings, (ambs_place){.file = file},
                         "found an empty document, expected a study");
    builder_fini(&b);
    return root;
}
