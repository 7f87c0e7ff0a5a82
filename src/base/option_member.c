/* SPDX-License-Identifier: MIT */
/* An option whose value is a plug-in of another family, and through which that plug-in's own
 * options are set. What is given is kept as text, so that it does not matter whether `kappa: 2`
 * stands before or after `acquisition: lcb`; what the plug-in chosen in the end does not have is an
 * error. */
#include "base/option_member.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

typedef struct ambs_given {
    char *name, *value;
} given;

/* A registry's element type is its family's ops struct, whose first field is the member. */
static const ambs_member *family_member(const ambs_option *o, size_t i)
{
    const ambs_member *m;
    memcpy(&m, (const char *)o->family + i * sizeof m, sizeof m);
    return m;
}

/* What follows `prefix` (of `length`) and a dot in `name`, or NULL. */
static const char *after(const char *name, const char *prefix, size_t length)
{
    return strncmp(name, prefix, length) == 0 && name[length] == '.' ? name + length + 1 : NULL;
}

/* The option of member m that `name` means in a table where o chooses, or NULL. */
static const ambs_option *option_of(const ambs_option *o, const ambs_member *m, const char *name)
{
    const char *rest = after(name, o->name, strlen(o->name));
    if (!rest) rest = after(name, m->name, strlen(m->name));
    if (!rest) {
        const char *dot = strrchr(o->name, '.');
        rest = dot ? after(name, o->name, (size_t)(dot - o->name)) : name;
    }
    return rest ? ambs_option_find(m->options, rest) : NULL;
}

static bool is_choice(const ambs_option *o, const char *name)
{
    const char *rest = after(name, o->name, strlen(o->name));
    return rest && strcmp(rest, "name") == 0;
}

bool ambs_chosen_knows(const ambs_option *o, const char *name)
{
    if (is_choice(o, name)) return true;
    for (size_t i = 0; family_member(o, i); i++)
        if (option_of(o, family_member(o, i), name)) return true;
    return false;
}

bool ambs_chosen_knows_group(const ambs_option *o, const char *name)
{
    bool found = strcmp(o->name, name) == 0;
    for (size_t i = 0; !found && family_member(o, i); i++)
        found = family_member(o, i)->options && strcmp(family_member(o, i)->name, name) == 0;
    return found;
}

static int refuse_member(const ambs_option *o, const char *name, ambs_error *err)
{
    ambs_text known = {0};
    for (size_t i = 0; o->choices && o->choices[i]; i++)
        ambs_text_addf(&known, "%s%s", known.length ? ", " : "", o->choices[i]);
    for (size_t i = 0; family_member(o, i); i++)
        if (!family_member(o, i)->for_tests)
            ambs_text_addf(&known, "%s%s", known.length ? ", " : "", family_member(o, i)->name);
    int rc = ambs_text_check(&known, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_INVALID, "%s: found \"%.100s\", expected one of %s", o->name,
                       name, known.text);
    ambs_text_fini(&known);
    return rc;
}

static void drop_options(const ambs_member *m, void *options)
{
    if (m && options) ambs_options_fini(m->options, options);
    free(options);
}

/* The options of m: its defaults, then what was given. */
static int make_options(const ambs_chosen *c, const ambs_option *o, const ambs_member *m,
                        void **ret_options, ambs_error *err)
{
    *ret_options = NULL;
    if (!m->options) return AMBS_OK;
    void *options = ambs_calloc(1, m->options_size, err);
    if (!options) return AMBS_E_NOMEM;
    int rc = ambs_options_init(m->options, options, err);
    if (rc != AMBS_OK) {
        free(options);
        return rc;
    }
    for (size_t i = 0; rc == AMBS_OK && i < c->n_given; i++) {
        const ambs_option *own = option_of(o, m, c->given[i].name);
        if (own) rc = ambs_options_set(m->options, options, own->name, c->given[i].value, err);
    }
    if (rc == AMBS_OK)
        *ret_options = options;
    else
        drop_options(m, options);
    return rc;
}

/* True for a word that chooses none. */
static bool is_word(const ambs_option *o, const char *name)
{
    for (size_t i = 0; o->choices && o->choices[i]; i++)
        if (strcmp(o->choices[i], name) == 0) return true;
    return false;
}

int ambs_chosen_set(ambs_chosen *c, const ambs_option *o, const char *name, ambs_error *err)
{
    const ambs_member *m = NULL;
    if (is_word(o, name)) {
        drop_options(c->member, c->options);
        c->member = NULL;
        c->options = NULL;
        return AMBS_OK;
    }
    for (size_t i = 0; family_member(o, i); i++)
        if (strcmp(family_member(o, i)->name, name) == 0) m = family_member(o, i);
    if (!m) return refuse_member(o, name, err);
    void *options;
    int rc = make_options(c, o, m, &options, err);
    if (rc != AMBS_OK) return rc;
    drop_options(c->member, c->options);
    c->member = m;
    c->options = options;
    return AMBS_OK;
}

void ambs_chosen_fini(ambs_chosen *c)
{
    drop_options(c->member, c->options);
    for (size_t i = 0; i < c->n_given; i++) {
        free(c->given[i].name);
        free(c->given[i].value);
    }
    free(c->given);
    *c = (ambs_chosen){0};
}

static int keep(ambs_chosen *c, const char *name, const char *value, ambs_error *err)
{
    int rc = ambs_reserve(&c->given, &c->capacity, c->n_given + 1, sizeof *c->given, err);
    if (rc != AMBS_OK) return rc;
    given g = {ambs_strdup(name, err), ambs_strdup(value, err)};
    if (!g.name || !g.value) {
        free(g.name);
        free(g.value);
        return AMBS_E_NOMEM;
    }
    c->given[c->n_given++] = g;
    return AMBS_OK;
}

int ambs_chosen_give(ambs_chosen *c, const ambs_option *o, const char *name, const char *value,
                     ambs_error *err)
{
    if (is_choice(o, name)) return ambs_chosen_set(c, o, value, err);
    const ambs_option *own = c->member ? option_of(o, c->member, name) : NULL;
    int rc =
        own ? ambs_options_set(c->member->options, c->options, own->name, value, err) : AMBS_OK;
    return rc == AMBS_OK ? keep(c, name, value, err) : rc;
}

int ambs_chosen_check(const ambs_chosen *c, const ambs_option *o, ambs_error *err)
{
    for (size_t i = 0; i < c->n_given; i++) {
        const char *name = c->given[i].name;
        if (c->member && option_of(o, c->member, name)) continue;
        for (size_t k = 0; family_member(o, k); k++)
            if (option_of(o, family_member(o, k), name))
                return ambs_fail(err, AMBS_E_INVALID,
                                 "%s is an option of %s, but %s is %s; leave it out or choose %s",
                                 name, family_member(o, k)->name, o->name,
                                 c->member    ? c->member->name
                                 : o->choices ? o->choices[0]
                                              : "not chosen",
                                 family_member(o, k)->name);
    }
    return AMBS_OK;
}

void ambs_chosen_print(const ambs_chosen *c, const ambs_option *o, ambs_text *out)
{
    if (!c->member) {
        ambs_text_add(out, o->choices ? o->choices[0] : "");
        return;
    }
    ambs_text_add(out, c->member->name);
    const char *before = " {";
    for (const ambs_option *own = c->member->options; own && own->name; own++, before = ", ") {
        ambs_text_addf(out, "%s%s: ", before, own->name);
        ambs_options_print(own, c->options, out);
    }
    if (before[0] == ',') ambs_text_add(out, "}");
}

/* True where a listed member before the i-th has an option of this name too. */
static bool is_named_before(const ambs_option *o, size_t i, const char *name)
{
    for (size_t k = 0; k < i; k++)
        if (!family_member(o, k)->for_tests && ambs_option_find(family_member(o, k)->options, name))
            return true;
    return false;
}

size_t ambs_chosen_names(const ambs_option *o, const char **ret_names)
{
    size_t n = 0;
    if (o->type != AMBS_OPTION_MEMBER) return 0;
    for (size_t i = 0; family_member(o, i); i++) {
        if (family_member(o, i)->for_tests) continue;
        for (const ambs_option *own = family_member(o, i)->options; own && own->name; own++) {
            if (is_named_before(o, i, own->name)) continue;
            if (ret_names) ret_names[n] = own->name;
            n++;
        }
    }
    return n;
}
