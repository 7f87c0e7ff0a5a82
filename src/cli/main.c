/* SPDX-License-Identifier: MIT */
#include "cli/blas.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
    ambs_blas_settle(argv);
    return ambs_cli_main(argc, argv);
}
