#!/bin/sh
# An nvidia-smi that says what it is told to, first of all what is not so. FAKE_NVIDIA_SMI names a
# way; FAKE_NVIDIA_SMI_FILE holds the lines of an honest one, and may change while somebody asks.
h100='0, GPU-5f1d7a60-8b6e-4d0c-9b86-1f2f6c3a9d11, NVIDIA H100 80GB HBM3'
second='1, GPU-77aa7a60-8b6e-4d0c-9b86-1f2f6c3a9d22, NVIDIA H100 80GB HBM3'
case ${FAKE_NVIDIA_SMI:-honest} in
  honest) cat "${FAKE_NVIDIA_SMI_FILE:-/dev/null}" ;;
  empty) ;;
  header) printf 'index, uuid, name, memory.total [MiB], memory.used [MiB], memory.free [MiB]\n%s, 81559, 0, 81079\n' "$h100" ;;
  units) printf '%s, 81559 MiB, 1000 MiB, 80079 MiB\n' "$h100" ;;
  not-available) printf '%s, 81559, [N/A], [N/A]\n' "$h100" ;;
  not-supported) printf '%s, [Not Supported], [Not Supported], [Not Supported]\n' "$h100" ;;
  error-word) printf '%s, 81559, ERR!, 80000\n' "$h100" ;;
  negative) printf '%s, 81559, -1000, 82559\n' "$h100" ;;
  fraction) printf '%s, 81559, 1000.5, 80000\n' "$h100" ;;
  more-free-than-there-is) printf '%s, 81559, 0, 163118\n' "$h100" ;;
  more-used-than-there-is) printf '%s, 81559, 60000, 60000\n' "$h100" ;;
  nothing-in-all) printf '%s, 0, 0, 0\n' "$h100" ;;
  absurd) printf '%s, 999999999, 0, 999999999\n' "$h100" ;;
  short-line) printf '%s, 81559\n' "$h100" ;;
  long-line) printf '%s, 81559, 1000, 80000, 42\n' "$h100" ;;
  twice) printf '%s, 81559, 1000, 80000\n%s, 81559, 1000, 80000\n' "$h100" "$h100" ;;
  one-of-two-odd) printf '%s, 81559, 1000, 80000\n%s, 81559, 1000, [N/A]\n' "$h100" "$second" ;;
  failure-with-figures)
    printf '%s, 81559, 1000, 80000\n' "$h100"
    exit 9
    ;;
  driver-gone)
    echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'
    exit 9
    ;;
  flood) yes 'GPU is lost' | head -n 100000 ;;
  hang) exec sleep 60 ;;
  *)
    echo "fake nvidia-smi: there is no way called $FAKE_NVIDIA_SMI" >&2
    exit 64
    ;;
esac
