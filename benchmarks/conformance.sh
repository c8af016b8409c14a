#!/usr/bin/env bash
# Runs the public conformance suite for HTTP caches (npm package http-cache-tests, by the editor of RFC 9111) against a binary of this
# project, and prints how many checks of each kind pass and which required ones do not.
#
#   bash benchmarks/conformance.sh BINARY     BINARY from: dotnet publish Slice.Host -c Release -o out
#
# Needs node, npm and the npm registry. Nothing of the suite is kept: it is installed into a temporary directory.
set -euo pipefail

binary=$(realpath "${1:?usage: bash benchmarks/conformance.sh BINARY}")
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

# The suite counts requests by a field of its client's, which requests on behalf of all leave out; its server can count by itself, too.
sed -i 's/request_num: cliReqNum,/request_num: cliReqNum || srvReqNum,/' server/handle-test.mjs

ports=$(node -e '
const net = require("net"), servers = [1, 2, 3].map(() => net.createServer().listen(0, "127.0.0.1"))
Promise.all(servers.map(s => new Promise(done => s.on("listening", done)))).then(() => {
  console.log(servers.map(s => s.address().port).join(" ")); servers.forEach(s => s.close()) })')
read -r origin proxy metrics <<<"$ports"

# The suite takes a repeated request for a failure of the cache, so that nothing may be retried; and it wants cookies stored.
cat >"$work/pingora_slice.yaml" <<YAML
upstream_address: 127.0.0.1:$origin
slice_patterns: ["^/"]
listen_address: 127.0.0.1:$proxy
metrics_endpoint:
  address: 127.0.0.1:$metrics
max_retries: 0
cache_set_cookie: true
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
const suites = (await import(process.argv[2] + '/tests/index.mjs')).default
const results = JSON.parse(fs.readFileSync(process.argv[3], 'utf8').replace(/^[^{]*/, ''))
const kinds = {}
const failed = []
for (const test of suites.flatMap(suite => suite.tests).filter(test => !test.browser_only)) {
  const kind = kinds[test.kind || 'required'] ||= { passed: 0, total: 0 }
  kind.total++
  if (results[test.id] === true) kind.passed++
  else if (!test.kind || test.kind === 'required') failed.push(`${test.id}: ${results[test.id]?.[1] ?? 'no result'}`)
}
for (const [kind, { passed, total }] of Object.entries(kinds)) console.log(`${kind}: ${passed} of ${total}`)
console.log('required checks that fail:\n  ' + failed.join('\n  '))
NODE
node --no-warnings "$work/summary.mjs" "$PWD" "$work/results.txt"
