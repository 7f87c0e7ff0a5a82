/* SPDX-License-Identifier: MIT */
/* The journal's reader. The first byte chooses: the rest is a segment as it is (even), or bodies of
 * records that are framed here with right checksums and sequence numbers (odd: u16 length, u8 type,
 * body), so that the fuzzer reaches what lies behind the checksum. What is read goes through the
 * state machine, plainly and with salvage. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "study/journal.h"
#include "study/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char study[64], segment[128];

static void remove_folder(void)
{
    char folder[80];
    snprintf(folder, sizeof folder, "%s.journal", study);
    unlink(segment);
    rmdir(folder);
}

static void make_folder(void)
{
    if (study[0]) return;
    char folder[80];
    snprintf(study, sizeof study, "/dev/shm/ambs-fuzz-%ld.h5", (long)getpid());
    snprintf(folder, sizeof folder, "%s.journal", study);
    if (mkdir(folder, 0700) != 0) abort();
    atexit(remove_folder);
    snprintf(segment, sizeof segment, "%s/000001.segment", folder);
}

static void frame(const uint8_t *data, size_t size, ambs_text *out)
{
    ambs_text_add(out, "ambsj\r\n\x1a");
    for (uint64_t sequence = 1; size >= 3; sequence++) {
        size_t length = data[0] | (size_t)data[1] << 8;
        uint16_t type = data[2], flags = type == 5 || type == 6 ? 1 : 0;
        data += 3;
        size -= 3;
        if (length > size) length = size;
        if (type == 4 && length > 20 && data[20]) flags = 1; /* final */
        uint32_t head[2] = {(uint32_t)length + 12, 0};
        size_t at = out->length;
        ambs_text_add_bytes(out, head, sizeof head);
        ambs_text_add_bytes(out, &sequence, sizeof sequence);
        ambs_text_add_bytes(out, &type, sizeof type);
        ambs_text_add_bytes(out, &flags, sizeof flags);
        ambs_text_add_bytes(out, data, length);
        head[1] = ambs_crc32c(0, out->text + at + 8, length + 12);
        memcpy(out->text + at, head, sizeof head);
        data += length;
        size -= length;
    }
}

static int apply(void *ctx, const ambs_record *record, ambs_error *err)
{
    ambs_table_apply(ctx, record, err); /* refused records leave the table as it was */
    return 0;
}

static void read_once(bool salvage)
{
    ambs_table *table;
    ambs_journal_findings findings;
    ambs_error err;
    if (ambs_table_create(&table, &err) != 0) abort();
    ambs_journal_read(study, 0, salvage, apply, table, &findings, &err);
    if (ambs_table_relink(table, false, &err) != 0)
        abort(); /* whatever came, the table is consistent */
    ambs_table_destroy(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_folder();
    if (size == 0) return 0;
    ambs_text bytes = {0};
    if (data[0] % 2 == 1)
        frame(data + 1, size - 1, &bytes);
    else
        ambs_text_add_bytes(&bytes, data + 1, size - 1);
    int fd = open(segment, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes.text, bytes.length) != (ssize_t)bytes.length) abort();
    close(fd);
    read_once(false);
    read_once(true);
    ambs_text_fini(&bytes);
    return 0;
}
