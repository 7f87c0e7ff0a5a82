/* SPDX-License-Identifier: MIT */
/* What rank 0 and the ranks of the model say to each other: a head of fixed size, then numbers if there are
 * any. One question at a time; all ranks of the model get it from rank 0, and the first of them answers. */
#ifndef AMBS_CLUSTER_MODEL_MESSAGE_H
#define AMBS_CLUSTER_MODEL_MESSAGE_H

#include <stdint.h>

enum { MODEL_TAG_QUESTION = 1, MODEL_TAG_QUESTION_BODY, MODEL_TAG_ANSWER, MODEL_TAG_ANSWER_BODY };

typedef enum model_question_kind {
    MODEL_FACTOR,     /* weight [T], kind of each term [T], points [n, T], shares of the noise [n],
                         y [n] */
    MODEL_EXPLAINED,  /* candidates [m, T] */
    MODEL_WEIGHTS,    /* the same */
    MODEL_SOLVE,      /* y [n] */
    MODEL_LIKELIHOOD, /* as FACTOR, then the warp's slopes [2 T, n] where they are wanted */
    MODEL_BEAT,       /* rank 0 lives: no answer */
    MODEL_STOP        /* the study has ended with `status`: no answer */
} model_question_kind;

typedef struct model_question {
    uint64_t number, n, m, n_terms;
    uint64_t size; /* doubles that follow */
    uint32_t kind, process, shape;
    int32_t status;
    uint32_t is_warped, wants_gradient;
    double linear, signal, noise, interaction, jitter_limit;
} model_question;

/* To FACTOR: α [n] and the jitter; EXPLAINED [m]; WEIGHTS [n, m]; SOLVE [n]; LIKELIHOOD: its gradient and the value. */
typedef struct model_answer {
    uint64_t number, size;
    int32_t code;
    int32_t reserved;
    double value;
    char text[200]; /* of an error */
} model_answer;

#endif
