/* SPDX-License-Identifier: MIT */
#include "cluster/status.h"

#include "ambs/error.h"

ambs_status ambs_status_of(int code)
{
    switch (code) {
    case AMBS_E_INVALID:
    case AMBS_E_NOT_FOUND:
    case AMBS_E_MISMATCH:
    case AMBS_E_BUSY:
    case AMBS_E_NOT_BUILT:
    case AMBS_E_INFEASIBLE:
        return AMBS_STATUS_USAGE;
    default:
        return AMBS_STATUS_FAILED;
    }
}
