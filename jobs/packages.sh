# SPDX-License-Identifier: MIT
# Sourced by jobs/quickstart, tests/run and .ci/run: what ambs needs from a Debian machine.

ambs_build_packages="gcc libc6-dev pkg-config meson ninja-build openmpi-bin libopenmpi-dev libhdf5-dev
  libopenblas-dev liblapacke-dev libscalapack-openmpi-dev libyaml-dev librandom123-dev libjansson-dev"
ambs_test_packages="libcmocka-dev python3-h5py python3-pandas r-bioc-rhdf5 procps mandoc"

# Debian's own python, R and compilers come first: another python in PATH lacks their modules.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

if [ "$(id -u)" = 0 ]; then # Open MPI asks root twice
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# ambs_install PACKAGE…: installs those that are missing, without recommended extras.
ambs_install() {
  missing=""
  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    for p in "$@"; do
      case "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true)" in
        *"ok installed") ;;
        *) missing="$missing $p" ;;
      esac
    done
    [ -n "$missing" ] || return 0
    sudo=""
    if [ "$(id -u)" != 0 ]; then
      command -v sudo >/dev/null || { echo "These packages are missing, and neither root nor sudo is there:$missing" >&2; return 1; }
      sudo=sudo
    fi
    echo "Installing$missing"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    return 0
  fi
  ambs_check_tools
}

# Elsewhere than on Debian: says precisely what to install, and whether it is there.
ambs_check_tools() {
  lacking=""
  for tool in cc pkg-config meson ninja mpicc mpirun; do
    command -v $tool >/dev/null || lacking="$lacking $tool"
  done
  for module in hdf5 openblas lapacke yaml-0.1 jansson; do
    command -v pkg-config >/dev/null && pkg-config --exists $module || lacking="$lacking $module"
  done
  [ -n "$lacking" ] || return 0
  cat >&2 <<TEXT
This machine has no apt-get, so nothing was installed. Not found:$lacking
ambs needs: a C11 compiler, pkg-config, Meson 1.0 or later, Ninja, Open MPI, HDF5 1.10 or later (C, serial),
OpenBLAS with LAPACKE, ScaLAPACK, libyaml, Random123 (headers), and jansson for JSON.
  Fedora, Rocky, Alma: dnf install gcc pkgconf meson ninja-build openmpi-devel hdf5-devel openblas-devel \\
      lapack-devel scalapack-openmpi-devel libyaml-devel Random123-devel jansson-devel; module load mpi
  Spack: spack install meson ninja pkgconf openmpi hdf5~mpi openblas netlib-lapack netlib-scalapack libyaml random123 jansson
A package that lies in a folder of its own: add its pkgconfig folder to PKG_CONFIG_PATH, its include folder to CPATH.
TEXT
  return 1
}

# ambs_build FOLDER [MESON OPTION…]: configures once, builds.
ambs_build() {
  folder=$1
  shift
  [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; return 1; }
  ninja -C "$folder" >"$folder.log" 2>&1 || { grep -E 'error|warning|FAILED' "$folder.log" >&2; return 1; }
  rm -f "$folder.log"
}
