#!/usr/bin/env bash
# Runs the public conformance suite for HTTP caches (npm package http-cache-tests, by the editor of RFC 9111) against a binary of this
# project, and prints by name which required checks do not pass. docs/testing.md says why.
#
#   bash benchmarks/conformance.sh BINARY [FIELD...]
#
# BINARY from: dotnet publish Slice.Host -c Release -o out. FIELDs go into cache_key.fields: Authorization Foo Bar Baz Abc are those by
# which the suite's origin tells its answers apart.
#
# Verdicts are the suite's own. A check that depends on one that does not pass is not judged. Nor is one whose setup went wrong, a second
# request to the origin among others ("retry"); those are named all the same.
#
# Needs node, npm and the npm registry. Nothing of the suite is kept: it is installed into a temporary directory.
set -euo pipefail

binary=$(realpath "${1:?usage: bash benchmarks/conformance.sh BINARY [FIELD...]}")
fields=$(IFS=,; echo "${*:2}")
work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-conformance.XXXXXX")
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap cleanup EXIT

cd "$work"
npm init -y >/dev/null 2>&1
npm install --silent http-cache-tests@0.4.5 >/dev/null
cd node_modules/http-cache-tests

# Replaces a line of the suite; an error when it is not there.
replace() {
    grep -qF -- "$2" "$1" || { echo "$1 of the suite has changed: no line with $2" >&2; exit 1; }
    node -e 'const fs = require("fs"), [file, before, after] = process.argv.slice(1)
fs.writeFileSync(file, fs.readFileSync(file, "utf8").split(before).join(after))' "$1" "$2" "$3"
}

# The suite's client says in fields of its own which check and step a request belongs to. Here that makes each request one of a client
# with fields of its own (B50), and those fields do not reach the origin. The step goes in User-Agent instead, which does.
replace client/fetching.mjs "if ('name' in reqConfig) init.headers.push(['Test-Name', reqConfig.name])" ''
replace client/fetching.mjs "init.headers.push(['Test-ID', reqConfig.id])" ''
replace client/fetching.mjs "init.headers.push(['Req-Num', (idx + 1).toString()])" \
    "init.headers.push(['User-Agent', 'http-cache-tests Req-Num/' + (idx + 1)])"
replace server/handle-test.mjs "parseInt(request.headers['req-num'])" \
    "parseInt((request.headers['user-agent'] || '').split('Req-Num/')[1])"

# Copies of the suite after 0.4.5, which npm does not have, read Age as RFC 9111 §5.1 does: the first member of a list counts, and what
# is no number is ignored. They want these answers from the cache, where 0.4.5 wants none of them, and require nothing of parameters.
replace tests/age-parse.mjs 'export default' 'const suite ='
cat >>tests/age-parse.mjs <<'NODE'
const fresh = ['nonnumeric', 'negative', 'float', 'prefix-twoline', 'dup-0', 'dup-0-twoline', 'dup-old']
for (const test of suite.tests) {
  const name = test.id.slice('age-parse-'.length)
  if (fresh.includes(name)) test.requests[1].expected_type = 'cached'
  if (name.endsWith('parameter')) test.kind = 'check'
}

export default suite
NODE

ports=$(node -e '
const net = require("net"), servers = [1, 2, 3].map(() => net.createServer().listen(0, "127.0.0.1"))
Promise.all(servers.map(s => new Promise(done => s.on("listening", done)))).then(() => {
  console.log(servers.map(s => s.address().port).join(" ")); servers.forEach(s => s.close()) })')
read -r origin proxy metrics <<<"$ports"

# Nothing is kept without a lifetime, cookies are, and a repeated request is a failure to the suite.
cat >"$work/pingora_slice.yaml" <<YAML
upstream_address: 127.0.0.1:$origin
slice_patterns: ["^/"]
listen_address: 127.0.0.1:$proxy
metrics_endpoint:
  address: 127.0.0.1:$metrics
cache_ttl: 0s
cache_set_cookie: true
max_retries: 0
cache_key:
  fields: [$fields]
YAML

npm_config_protocol=http npm_config_port=$origin npm_config_pidfile=$work/pid node --no-warnings server/server.mjs >/dev/null &
pids+=($!)
"$binary" "$work/pingora_slice.yaml" 2>/dev/null >/dev/null &
pids+=($!)
for _ in $(seq 100); do
    if curl -sf -o "$work/ready" "http://127.0.0.1:$proxy/health" && curl -s -o "$work/ready" "http://127.0.0.1:$origin/"; then break; fi
    sleep 0.1
done

npm_config_base=http://localhost:$proxy npm_config_id= npm_package_config_id= node --no-warnings cli.mjs >"$work/results.txt"

cat >"$work/summary.mjs" <<'NODE'
import fs from 'fs'
const [suite, file] = process.argv.slice(2)
const tests = (await import(suite + '/tests/index.mjs')).default.flatMap(group => group.tests).filter(test => !test.browser_only)
const results = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^[^{]*/, ''))
const byId = new Map(tests.map(test => [test.id, test]))

// As determineTestResult of the suite's lib/display.mjs decides.
function verdict (test) {
  const result = results[test.id]
  return result === undefined ? 'without a result'
    : test.depends_on?.some(id => verdict(byId.get(id)) !== 'passed') ? 'not judged: depends on one that does not pass'
      : result === true ? 'passed'
        : result[0] === 'Setup' ? 'not judged: the setup went wrong'
          : 'failed'
}

const kinds = {}
const required = {}
for (const test of tests) {
  const kind = test.kind ?? 'required'
  const how = verdict(test)
  kinds[kind] ??= { passed: 0, total: 0 }
  kinds[kind].total++
  if (results[test.id] === true) kinds[kind].passed++
  if (kind === 'required' && results[test.id] !== true) (required[how] ??= []).push(`${test.id}: ${results[test.id]?.[1]}`)
}
for (const [kind, { passed, total }] of Object.entries(kinds)) console.log(`${kind}: ${passed} of ${total} pass`)
for (const [how, checks] of Object.entries(required)) console.log(`required, ${how}: ${checks.length}\n  ${checks.join('\n  ')}`)
NODE
node --no-warnings "$work/summary.mjs" "$PWD" "$work/results.txt"
