/* SPDX-License-Identifier: MIT */
/* YAML as a small tree in which every node knows its place. libyaml gives the syntax; the scalar
 * rules are those of YAML 1.2 (1e-4 is a number, `no` is not a boolean). */
#ifndef AMBS_STUDY_YAML_H
#define AMBS_STUDY_YAML_H

#include "study/finding.h"

typedef enum ambs_yaml_type { AMBS_YAML_SCALAR, AMBS_YAML_LIST, AMBS_YAML_MAPPING } ambs_yaml_type;

/* What a scalar is. Quoted ones are always strings. */
typedef enum ambs_yaml_kind {
    AMBS_YAML_NULL,
    AMBS_YAML_BOOL,
    AMBS_YAML_INT,
    AMBS_YAML_FLOAT,
    AMBS_YAML_STRING,
    AMBS_YAML_SWITCH /* a bare yes, no, on or off: booleans to YAML 1.1, strings to YAML 1.2, so
                        refused */
} ambs_yaml_kind;

typedef struct ambs_yaml_node ambs_yaml_node;
struct ambs_yaml_node {
    ambs_yaml_type type;
    ambs_place place;
    char *text; /* SCALAR: its text, NUL-terminated, without NUL inside; else NULL */
    ambs_yaml_kind kind;
    double number; /* INT, FLOAT, BOOL (0 or 1); else NaN */
    size_t n;      /* LIST: items; MAPPING: pairs */
    size_t capacity;
    ambs_yaml_node **keys;  /* MAPPING: scalars, [n]; else NULL */
    ambs_yaml_node **items; /* LIST, MAPPING: [n] */
    size_t weight, depth;   /* of the whole subtree: nodes with aliases expanded; levels */
};

/* All nodes of one or more documents. An alias shares its anchor's node, so the tree is a directed
 * acyclic graph and the document owns the nodes. */
typedef struct ambs_yaml {
    ambs_yaml_node **nodes;
    size_t n, capacity;
} ambs_yaml;

enum {
    AMBS_YAML_MAX_BYTES = 10 * 1000 * 1000,
    AMBS_YAML_MAX_NODES = 50000,
    AMBS_YAML_MAX_DEPTH = 32
};

void ambs_yaml_fini(ambs_yaml *document);

/* Parses the one document in `text`. Findings: over 10 MB, not UTF-8, syntax, tabs, several
 * documents, none, keys that are not plain names, repeated keys, aliases (unknown; expanding beyond
 * 50,000 nodes), depth over 32, tags. Every place gets `file` (borrowed, NULL: the study file).
 * NULL when there is no usable root (with a finding); a tree with findings may still be walked for
 * more. */
ambs_yaml_node *ambs_yaml_parse(ambs_yaml *document, const char *text, size_t length,
                                const char *file, ambs_findings *findings);

/* A new empty list or mapping, or a scalar of plain text; NULL: out of memory (remembered in
 * findings). */
ambs_yaml_node *ambs_yaml_list(ambs_yaml *document, ambs_place place, ambs_findings *findings);
ambs_yaml_node *ambs_yaml_mapping(ambs_yaml *document, ambs_place place, ambs_findings *findings);
ambs_yaml_node *ambs_yaml_scalar(ambs_yaml *document, ambs_place place, const char *text,
                                 bool plain, ambs_findings *findings);
/* Adds a pair, or replaces the value of the key; add: for a key that is known to be new. */
void ambs_yaml_put(ambs_yaml_node *mapping, ambs_yaml_node *key, ambs_yaml_node *value,
                   ambs_findings *findings);
void ambs_yaml_add(ambs_yaml_node *mapping, ambs_yaml_node *key, ambs_yaml_node *value,
                   ambs_findings *findings);
void ambs_yaml_append(ambs_yaml_node *list, ambs_yaml_node *item, ambs_findings *findings);

/* The value of `key`; NULL when absent or when `mapping` is NULL or no mapping. */
ambs_yaml_node *ambs_yaml_get(const ambs_yaml_node *mapping, const char *key);
/* The key's own node (for its place), likewise. */
ambs_yaml_node *ambs_yaml_key(const ambs_yaml_node *mapping, const char *key);

/* "the number 12", "a list", "the text \"abc\"": what was found, for messages. `buffer` holds 96
 * bytes. */
const char *ambs_yaml_what(const ambs_yaml_node *node, char *buffer);

#endif
