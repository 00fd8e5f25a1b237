#!/usr/bin/env bash
# What action.yml runs: `dryroll check` for each file, told in GitHub's ways – an annotation where it belongs, JUnit, the step's summary.
#
# Everything comes in variables, so that nothing a pull request contains is ever read as shell:
#   FILES     scenarios or manifests, one a line; * ? and ** are expanded
#   BASELINE  results to hold the forecast against; may be empty
#   ARGS      further options of `dryroll check`, one a line
#   JUNIT     the folder for the JUnit files
# and GITHUB_STEP_SUMMARY, GITHUB_OUTPUT and RUNNER_TEMP as on every runner. DRYROLL is the program, if not the one on PATH.
#
# Ends with the gravest status of all files: 3 failed, 2 invalid, 1 an objective does not hold, 4 can't tell.
set -uo pipefail

scratch=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/dryroll-check.XXXXXX") || exit 3
trap 'rm -rf "$scratch"' EXIT

# A message, and the value of a property, in a workflow command: the rest of a line, and a part of one.
escape_message() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}
escape_property() {
  local text
  text=$(escape_message "$1")
  text=${text//:/%3A}
  printf '%s' "${text//,/%2C}"
}

# annotate LEVEL FILE [LINE COLUMN] MESSAGE
annotate() {
  local place
  place="file=$(escape_property "$2")"
  if (($# > 3)); then place+=",line=$3,col=$4"; fi
  printf '::%s %s,title=dryroll::%s\n' "$1" "$place" "$(escape_message "${!#}")"
}

# Prints a file without obeying it: names in a manifest are the author's, and `::` begins a command wherever it is printed.
show() {
  local token
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$token"
  cat -- "$1"
  printf '\n::%s::\n' "$token"
}

# One error a line, as LINE TAB COLUMN TAB MESSAGE, out of the diagnostics on stderr.
errors_of() {
  awk '
    /^error(\[[a-z0-9-]+\])?: / { message = $0; sub(/^error(\[[a-z0-9-]+\])?: /, "", message); next }
    message != "" && /^ *--> .*:[0-9]+:[0-9]+$/ {
      parts = split($0, part, ":")
      print part[parts - 1] "\t" part[parts] "\t" message
      message = ""
    }
  ' "$1"
}

annotate_invalid() {
  local file=$1 errors=$2 line column message told=0
  while IFS=$'\t' read -r line column message; do
    annotate error "$file" "$line" "$column" "$message"
    told=1
  done < <(errors_of "$errors")
  if ((told == 0)); then annotate error "$file" "$(head -n 1 "$errors")"; fi
}

# The lines of a variable that are not blank, without blanks around them, into the array `lines`.
read_lines() {
  local line
  lines=()
  while IFS= read -r line; do
    line=${line%$'\r'}
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    if [[ -n $line ]]; then lines+=("$line"); fi
  done <<<"$1"
}

read_lines "${ARGS-}"
options=(${lines[@]+"${lines[@]}"})
if [[ -n ${BASELINE-} ]]; then options+=(--baseline "$BASELINE"); fi

read_lines "${FILES-}"
shopt -s nullglob
shopt -s globstar 2>/dev/null || true  # not in the bash that macOS has
files=()
for pattern in ${lines[@]+"${lines[@]}"}; do
  if [[ -e $pattern ]]; then
    files+=("$pattern")
    continue
  fi
  IFS= found=()
  # shellcheck disable=SC2206  # wanted: expanded as a pattern, but never split, since IFS is empty
  found=($pattern)
  unset IFS
  if ((${#found[@]} == 0)); then
    annotate error "$pattern" "no file matches"
    exit 2
  fi
  files+=("${found[@]}")
done
if ((${#files[@]} == 0)); then
  annotate error action.yml "no files given to check"
  exit 2
fi

junit=${JUNIT:-dryroll-junit}
mkdir -p -- "$junit" || exit 3
seen=" " number=0
for file in "${files[@]}"; do
  number=$((number + 1))
  summary=$scratch/summary.md output=$scratch/output errors=$scratch/errors
  rm -f "$summary"
  status=0
  "${DRYROLL:-dryroll}" check ${options[@]+"${options[@]}"} --color never --junit "$junit/dryroll-$number.xml" \
    --markdown "$summary" -- "$file" >"$output" 2>"$errors" || status=$?
  seen+="$status "
  printf '::group::%s\n' "$(escape_message "$file")"
  show "$output"
  show "$errors"
  printf '::endgroup::\n'
  case $status in
    0) ;;
    1) annotate error "$file" "An objective does not hold: see the summary of this job." ;;
    2) annotate_invalid "$file" "$errors" ;;
    4) annotate error "$file" "Whether the objectives hold can't be told at this many replications." ;;
    *) annotate error "$file" "The forecast failed (status $status): $(head -n 1 "$errors")" ;;
  esac
  if [[ -f $summary ]]; then cat -- "$summary" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"; fi
done

worst=0
for status in 4 1 2; do
  if [[ $seen == *" $status "* ]]; then worst=$status; fi
done
for status in $seen; do
  case $status in 0 | 1 | 2 | 4) ;; *) worst=3 ;; esac
done
{
  printf 'status=%s\n' "$worst"
  printf 'junit=%s\n' "${junit//[$'\r\n']/}"
} >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$worst"
