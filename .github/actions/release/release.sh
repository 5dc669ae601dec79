#!/bin/sh
# Deploys an application on a host with Windlass, over SSH, and reports the end of it to GitHub Actions. action.yml says
# what the variables mean. Anywhere else it prints the same without GitHub's marks, so GitLab and a laptop can run it too.
#
# It needs ssh and jq. It decides nothing about a deployment: the host does, and the host tells how it ended.
set -eu

die() {
    printf 'error: %s\n' "$1" >&2
    exit 2
}

command -v ssh >/dev/null || die "ssh is missing on this runner; install the package openssh-client"
command -v jq >/dev/null || die "jq is missing on this runner; install the package jq"
: "${WINDLASS_HOST:?the host is missing}" "${WINDLASS_KNOWN_HOSTS:?the lines for known_hosts are missing}"
: "${WINDLASS_KEY:?the SSH key is missing}" "${WINDLASS_APPLICATION:?the name of the application is missing}"

umask 077
place=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/windlass.XXXXXX")
trap 'rm -rf "$place"' EXIT
printf '%s\n' "$WINDLASS_KEY" | tr -d '\r' >"$place/key"
printf '%s\n' "$WINDLASS_KNOWN_HOSTS" >"$place/known_hosts"
# Nothing that is started here needs them.
unset WINDLASS_KEY WINDLASS_KNOWN_HOSTS
mkfifo "$place/pipe"
: >"$place/shown"
client=
deployment=

# GitHub reads commands in what a step prints. What the host prints is not ours, so no command counts while it is shown.
github=${GITHUB_ACTIONS:-}
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
begin_group() {
    if [ -n "$github" ]; then printf '::group::%s\n::stop-commands::%s\n' "$1" "$word"; else printf '== %s\n' "$1"; fi
}
end_group() {
    if [ -n "$github" ]; then printf '::%s::\n::endgroup::\n' "$word"; fi
}

# A word as the host reads it: quoted, so that it is one word whatever is in it.
quoted() {
    printf "'%s' " "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

# Becomes ssh, with a command of Windlass for the host; so it runs in a subshell. ssh's own exit code is 255.
ask() {
    exec ssh -F none -i "$place/key" -p "${WINDLASS_PORT:-22}" -l "${WINDLASS_USER:-deploy}" \
        -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$place/known_hosts" \
        -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o LogLevel=ERROR \
        -- "$WINDLASS_HOST" "$1"
}

# Shows what a command prints and keeps it. It waits for a child, so that a signal is acted on at once. The second argument
# is the file that the command reads.
show() {
    tee -a "$place/shown" <"$place/pipe" &
    shower=$!
    ask "$1" <"$2" >"$place/pipe" 2>&1 &
    client=$!
    code=0
    wait "$client" || code=$?
    client=
    wait "$shower" || true
    # The deployment's id is in the first line of its progress.
    deployment=$(sed -n 's/^ *[A-Z][a-z]* .*(deployment \([0-9a-z]\{12\}\))$/\1/p' "$place/shown" | head -n 1)
}

output() {
    if [ -n "${GITHUB_OUTPUT:-}" ]; then printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; fi
}

# A cancelled job is no reason to put anything back: the client ends, and the deployment goes on.
leave() {
    trap '' INT TERM HUP
    if [ -n "$client" ]; then
        kill "$client" 2>/dev/null || true
        wait "$client" 2>/dev/null || true
    fi
    end_group
    echo "The job was cancelled and nothing was stopped. \`windlass attach $WINDLASS_APPLICATION\` on $WINDLASS_HOST shows what goes on."
    output outcome unknown
    exit 130
}

# The command, word by word.
line="deploy $(quoted "$WINDLASS_APPLICATION")--wait $(quoted "${WINDLASS_WAIT:-10m}")"
[ -z "${WINDLASS_COMMIT:-}" ] || line="$line--commit $(quoted "$WINDLASS_COMMIT")"
[ -z "${WINDLASS_ENVIRONMENT:-}" ] || line="$line--environment $(quoted "$WINDLASS_ENVIRONMENT")"
[ -z "${WINDLASS_REASON:-}" ] || line="$line--reason $(quoted "$WINDLASS_REASON")"
printf '%s\n' "${WINDLASS_SET:-}" >"$place/set"
while IFS= read -r version; do
    [ -z "$version" ] || line="$line--set $(quoted "$version")"
done <"$place/set"

input=/dev/null
if [ -n "${WINDLASS_BUNDLE:-}" ]; then
    input=$place/bundle.tar
    line="$line--bundle -"
    if command -v windlass >/dev/null; then
        windlass bundle "$WINDLASS_BUNDLE" --out "$input"
    else
        # What .windlassignore names is left out by the host then.
        tar -C "$WINDLASS_BUNDLE" --exclude=./.git -cf "$input" .
    fi
fi

trap leave INT TERM HUP
begin_group "Deploying $WINDLASS_APPLICATION on $WINDLASS_HOST"
show "$line" "$input"
# A connection that fails or is lost says nothing of the deployment. The very same command joins it, or finds it done.
pause=1
while [ "$code" -eq 255 ] && [ "$pause" -le 64 ]; do
    # Trying again would not help, and it is what a lost key or an attack looks like.
    if grep -qE '^(Host key verification failed|.*Permission denied \()' "$place/shown"; then break; fi
    echo "The connection failed or was lost; it is tried again in $pause s."
    sleep "$pause" &
    wait "$!"
    begun=$(date +%s)
    if [ -n "$deployment" ]; then show "attach $deployment" /dev/null; else show "$line" "$input"; fi
    if [ "$(($(date +%s) - begun))" -ge 30 ]; then pause=1; else pause=$((pause * 2)); fi
done
end_group

# What the host says of the end. Where nothing was deployed, or this key may not look, the exit code says it.
: >"$place/fact"
look() {
    (ask "show $deployment --json") </dev/null >"$place/fact" 2>"$place/why" || true
    outcome=$(fact 'if .cancelled then "cancelled" else .outcome end')
}
# The answer is one object a line; one of them is the deployment.
fact() {
    jq -r "select(.type == \"deployment\") | $1 // empty" "$place/fact" 2>/dev/null | head -n 1
}
outcome=
[ -z "$deployment" ] || look
# A host without the resident agent has nothing to attach to; there the deployment is asked for until it has ended.
tries=0
while [ "$outcome" = open ] && [ "$code" -ne 14 ] && [ "$tries" -lt 120 ]; do
    sleep 5 &
    wait "$!"
    look
    tries=$((tries + 1))
    code=255
done
case $outcome:$code in
:0) outcome=succeeded ;;
:10) outcome=refused ;;
:11) outcome=rolled-back ;;
:12) outcome=stuck ;;
:14) outcome=open ;;
:255) outcome=unknown ;;
:*) outcome=failed ;;
succeeded:255 | unchanged:255) code=0 ;;
refused:255) code=10 ;;
rolled-back:255) code=11 ;;
stuck:255) code=12 ;;
open:255) code=14 ;;
esac
output deployment "$deployment"
output outcome "$outcome"

# The report: the host's page where it is reached, and else a file that the job can keep.
if [ -n "$deployment" ] && [ -n "${WINDLASS_PAGE:-}" ]; then
    output report "${WINDLASS_PAGE%/}/deployments/$deployment"
elif [ -n "$deployment" ]; then
    report=${RUNNER_TEMP:-.}/windlass-$deployment.html
    if (ask "report $deployment") </dev/null >"$report" 2>"$place/why"; then
        output report "$report"
    else
        rm -f "$report"
    fi
fi
if [ -n "$deployment" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    (ask "report $deployment --markdown") </dev/null >>"$GITHUB_STEP_SUMMARY" 2>"$place/why" || true
fi

if [ "$code" -ne 0 ]; then
    reason=$(fact .failure.message)
    [ -n "$reason" ] || reason=$(sed -n 's/^error: //p' "$place/shown" | tail -n 1)
    [ -n "$reason" ] || reason="nothing is known about the deployment; the lines above say why"
    if [ -n "$github" ]; then
        # As GitHub escapes the text of a command. `##[` begins one of an older kind anywhere in a line.
        reason=$(printf %s "$reason" | sed 's/%/%25/g; s/##\[/## [/g' | tr -d '\r\n')
        printf '::error title=%s: %s::%s\n' "$WINDLASS_APPLICATION" "$outcome" "$reason"
    else
        printf 'error: %s: %s: %s\n' "$WINDLASS_APPLICATION" "$outcome" "$reason" >&2
    fi
fi
exit "$code"
