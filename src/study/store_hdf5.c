/* SPDX-License-Identifier: MIT */
#include "study/store_hdf5.h"

#include <stdio.h>
#include <string.h>

ambs_hdf5_quiet ambs_hdf5_begin(void)
{
    ambs_hdf5_quiet before = {0};
    H5open();
    H5Eget_auto2(H5E_DEFAULT, &before.function, &before.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return before;
}

void ambs_hdf5_end(ambs_hdf5_quiet before)
{
    H5Eset_auto2(H5E_DEFAULT, before.function, before.data);
}

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *ctx)
{
    const char **words = ctx;
    if (n == 0) *words = error->desc;
    return 0;
}

int ambs_hdf5_fail(ambs_error *err, int code, const char *path, const char *what)
{
    const char *words = NULL;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &words);
    return ambs_fail(err, code, "%s: %s: %s", path, what,
                     words && words[0] ? words : "HDF5 refused");
}

hid_t ambs_hdf5_bool(void)
{
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    int8_t value = 0;
    if (type < 0) return type;
    H5Tenum_insert(type, "FALSE", &value);
    value = 1;
    H5Tenum_insert(type, "TRUE", &value);
    return type;
}

hid_t ambs_hdf5_string(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 &&
        (H5Tset_size(type, size > 0 ? size : 1) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
         H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

ambs_store_values ambs_store_values_of(const ambs_parameter *p)
{
    if (p->type == AMBS_PARAMETER_FLOAT) return AMBS_STORE_FLOAT;
    if (p->type == AMBS_PARAMETER_INT) return AMBS_STORE_INT;
    size_t kinds[4] = {0};
    for (size_t i = 0; i < p->n_levels; i++) kinds[p->levels[i].kind]++;
    if (kinds[AMBS_VALUE_BOOL] == p->n_levels) return AMBS_STORE_FLAG;
    if (kinds[AMBS_VALUE_INT] == p->n_levels) return AMBS_STORE_INT;
    if (kinds[AMBS_VALUE_INT] + kinds[AMBS_VALUE_FLOAT] == p->n_levels) return AMBS_STORE_FLOAT;
    return AMBS_STORE_STRING;
}

const char *ambs_store_escape(const char *name, char *buffer)
{
    char *out = buffer;
    for (const char *p = name; *p; p++) {
        if (*p == '/' || *p == '%' || (*p == '.' && p == name))
            out += sprintf(out, "%%%02X", (unsigned)*p);
        else
            *out++ = *p;
    }
    *out = '\0';
    return name[0] ? buffer : strcpy(buffer, "%"); /* an empty name */
}

void ambs_store_unescape(const char *escaped, char *buffer)
{
    unsigned code;
    for (const char *p = escaped; *p; p++) {
        if (*p == '%' && sscanf(p + 1, "%2x", &code) == 1 && p[1] && p[2]) {
            *buffer++ = (char)code;
            p += 2;
        } else if (*p != '%') {
            *buffer++ = *p;
        }
    }
    *buffer = '\0';
}

const char *ambs_store_uuid_text(const uint8_t *u, char *buffer)
{
    char *out = buffer;
    for (int i = 0; i < 16; i++)
        out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
    return buffer;
}

bool ambs_store_uuid_parse(const char *text, uint8_t *ret_uuid)
{
    uint8_t uuid[16];
    for (int i = 0; i < 16; i++) {
        unsigned byte;
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-') return false;
        if (sscanf(text, "%2x", &byte) != 1 || strlen(text) < 2) return false;
        uuid[i] = (uint8_t)byte;
        text += 2;
    }
    memcpy(ret_uuid, uuid, sizeof uuid);
    return *text == '\0';
}
