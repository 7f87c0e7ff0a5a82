/* SPDX-License-Identifier: MIT */
/* Options of the type MEMBER: how option.c chooses a plug-in and reaches its options. */
#ifndef AMBS_BASE_OPTION_MEMBER_H
#define AMBS_BASE_OPTION_MEMBER_H

#include "base/option.h"

/* Chooses the plug-in `name` of o's family and gives it what was given before; none for one of o's
 * choices. */
int ambs_chosen_set(ambs_chosen *c, const ambs_option *o, const char *name, ambs_error *err);
void ambs_chosen_fini(ambs_chosen *c);
/* True where `name` is an option of some member of o's family, spelled as option.h says. */
bool ambs_chosen_knows(const ambs_option *o, const char *name);
/* True where `name` is o's own or a member's, so that options of the member may follow below it. */
bool ambs_chosen_knows_group(const ambs_option *o, const char *name);
/* Sets such an option; it is kept for a member chosen later. */
int ambs_chosen_give(ambs_chosen *c, const ambs_option *o, const char *name, const char *value,
                     ambs_error *err);
int ambs_chosen_check(const ambs_chosen *c, const ambs_option *o, ambs_error *err);
void ambs_chosen_print(const ambs_chosen *c, const ambs_option *o, ambs_text *out);
/* How many names the options of the listed members of o's family have, each counted once (0 where o
 * is no MEMBER option); they go to ret_names unless that is NULL. */
size_t ambs_chosen_names(const ambs_option *o, const char **ret_names);

#endif
