/* SPDX-License-Identifier: MIT */
#ifndef AMBS_CLI_BLAS_H
#define AMBS_CLI_BLAS_H

/* OpenBLAS makes its threads, and chooses its kernels, before main() from the environment. So where
 * the environment leaves these open, this sets one thread (a slot owns one core unless the study
 * says otherwise), and the kernels of this processor where OpenBLAS does not know it and fell back
 * to those of a very old one (then everything is several times slower), and executes the program
 * anew; the environment passes to the trial hosts too. Returns when there is nothing to settle, or
 * when the program cannot be executed again: then it goes on as it is. */
void ambs_blas_settle(char **argv);

#endif
