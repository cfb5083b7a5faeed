// The suite's client against a proxy: node run.mjs FOLDER BASE [ID ...]
// Prints JSON: {id: {kind, suite, name, depends_on, result}}, where result is true or [kind of failure, message].
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import path from 'node:path'

const [folder, base, ...ids] = process.argv.slice(2)
const load = name => import(pathToFileURL(path.join(folder, name)))
const { default: fetch } = await import(
  pathToFileURL(createRequire(path.join(folder, 'cli.mjs')).resolve('node-fetch')))
const { runTests, getResults } = await load('client/runner.mjs')
const { default: suites } = await load('tests/index.mjs')
const { default: surrogate } = await load('tests/surrogate-control.mjs')

const all = [...suites, surrogate]
const chosen = ids.length === 0
  ? all
  : all.map(suite => ({ ...suite, tests: suite.tests.filter(test => ids.includes(test.id)) }))
await runTests(chosen, fetch, false, base)
const results = getResults()
const told = {}
for (const suite of all) {
  for (const test of suite.tests) {
    if (!(test.id in results)) continue
    told[test.id] = {
      kind: test.kind || 'required',
      suite: suite.id,
      name: test.name,
      depends_on: test.depends_on || [],
      result: results[test.id]
    }
  }
}
process.stdout.write(JSON.stringify(told, null, 1))
