# SPDX-License-Identifier: MIT
# Reads a study file with rhdf5. usage: Rscript read_rhdf5.R STUDY_MAKER
if (!suppressWarnings(suppressMessages(requireNamespace("rhdf5", quietly = TRUE)))) quit(status = 77)
suppressMessages(library(rhdf5))
maker <- commandArgs(trailingOnly = TRUE)[1]
folder <- tempfile()
dir.create(folder)
path <- file.path(folder, "s.h5")
stopifnot(system2(maker, c("write", path, "300")) == 0)
names <- c("id", "state", "reason", "objective", "attempts", "proposed", "duration")
trials <- as.data.frame(lapply(setNames(nm = names), function(n) as.vector(h5read(path, paste0("trials/", n)))))
parameters <- as.data.frame(lapply(h5read(path, "trials/parameters"), as.vector))
active <- as.vector(h5read(path, "trials/active/momentum"))
attributes <- h5readAttributes(path, "/")
checks <- list(
  "the trials make a data frame" = nrow(trials) == 300 && all(trials$id == 0:299),
  "states are words" = all(trials$state %in% c("complete", "failed", "cancelled", "waiting", "running")),
  "a missing objective is NaN" = all(is.nan(trials$objective) == (trials$state != "complete")),
  "reasons are words" = all(trials$reason[trials$state == "failed"] == "exit 3"),
  "parameters have their types" = is.numeric(parameters$lr) && all(parameters$layers %in% 1:4) &&
    all(parameters$optimizer %in% c("sgd", "adam", "rmsprop")),
  "inactive parameters are NaN" = all(is.nan(parameters$momentum) == (parameters$optimizer == "adam")),
  "activity can be told" = all((as.character(active) == "TRUE") == (parameters$optimizer != "adam")),
  "attributes can be read" = attributes$metric == "loss" && attributes$format_version == 1
)
cat(sprintf("1..%d\n", length(checks)))
for (i in seq_along(checks)) cat(sprintf("%s %d - %s\n", if (isTRUE(checks[[i]])) "ok" else "not ok", i, names(checks)[i]))
unlink(folder, recursive = TRUE)
